"""Adapters: each a class that loads a checkpoint and answers requests."""
