"""Tests that may look at the results after every sample, for the verdict of a gate."""
