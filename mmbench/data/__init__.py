"""Data sources: each a function that turns what the user gave into samples and links."""
