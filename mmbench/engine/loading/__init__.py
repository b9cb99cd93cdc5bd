"""The steps before the forward passes: find task, data and model, and check that they fit."""
