"""Data sources for data of your own, each under its registered name."""
