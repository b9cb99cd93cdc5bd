"""Comparison of models over groups of tasks."""
