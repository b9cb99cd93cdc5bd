"""Runs that stop when the verdict of a gate on the whole set is known."""

from mmbench.comparison.until_decided.run import DecidedRun, SequentialRules, run_until_decided

__all__ = ["DecidedRun", "SequentialRules", "run_until_decided"]
