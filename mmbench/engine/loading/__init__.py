"""Before the forward passes: tasks, data, models and outputs are found, and fit."""
