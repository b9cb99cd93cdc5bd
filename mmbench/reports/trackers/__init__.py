"""Reporters for experiment trackers: Weights & Biases and MLflow.

Both log the same values under the same keys (`content`); docs/trackers.md describes them. A tracker
gets a copy: the record on the board is written first and does not depend on it.
"""
