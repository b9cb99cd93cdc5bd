"""Synthetic sounds with captions and tags."""
