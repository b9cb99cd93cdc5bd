"""Comparison of methods by several trainings of each: what is the method, and what is the seed."""
