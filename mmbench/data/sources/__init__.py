"""Data sources for data of your own, each with its registered name."""
