"""Tokenisation of texts, images and audio, and token generation."""
