"""The world of spoken numbers."""
