"""Adapters: classes that load a checkpoint and compute model outputs."""
