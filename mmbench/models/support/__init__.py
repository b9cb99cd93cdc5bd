"""Helpers for adapters: checkpoint folders, inputs as arrays, batches, generation settings."""
