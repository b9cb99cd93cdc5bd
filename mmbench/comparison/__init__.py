"""Comparison of runs: which run is better, whether a run passes a gate, when a metric changed.

The verdicts are computed from the records and stored rows of runs, without torch or a model.
"""
