"""Models that generate text from conversations rendered by a chat template."""
