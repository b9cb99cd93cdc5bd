"""Optimisers of the reference models, and their schedules."""
