"""Helpers for adapters: loading of checkpoints, batches, generation settings."""
