"""Lookup of checkpoints: their folder, the files they need, and their hash."""
