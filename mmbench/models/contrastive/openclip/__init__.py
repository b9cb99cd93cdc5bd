"""Models of open_clip: its configuration, its weights, and the adapter."""
