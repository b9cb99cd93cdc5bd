"""Checkpoints of the reference models: weights beside what a model needs to run."""
