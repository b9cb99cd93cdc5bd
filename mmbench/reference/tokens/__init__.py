"""Texts, images and sounds as tokens, and how tokens are written one after another."""
