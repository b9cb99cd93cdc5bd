"""Synthetic data sets, the worlds, with the same bytes on every machine."""
