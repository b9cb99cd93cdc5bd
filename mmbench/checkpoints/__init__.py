"""Lookup of checkpoints: the folder, the required files, and the hash of each."""
