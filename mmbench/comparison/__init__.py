"""Verdicts on runs: whether one is better, whether it passes a gate, and when a metric changed.

They are computed from run records and their rows alone, so neither torch nor a model is needed.
"""
