"""Tokens of texts, images and sounds, and their generation."""
