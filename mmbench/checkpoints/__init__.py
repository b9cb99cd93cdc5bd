"""Lookup of checkpoints: the folder of a checkpoint, its required files, and its hash."""
