"""Verdicts between runs: is one better, may it be merged, when did it change.

Uses only run records and their rows, so neither torch nor a model is needed.
"""
