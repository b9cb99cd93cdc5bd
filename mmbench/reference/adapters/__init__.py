"""Adapters of the reference models."""
