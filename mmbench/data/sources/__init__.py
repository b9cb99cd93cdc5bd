"""Data sources for the user's own data; each function is registered under a name."""
