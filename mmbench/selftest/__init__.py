"""Trials of a task with answers that are known, whatever model is run on it later."""
