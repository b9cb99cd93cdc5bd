"""The adapter of open_clip models: configuration, weights and model class."""
