"""Architectures of the reference models as torch modules."""
