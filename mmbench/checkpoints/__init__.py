"""Where a checkpoint is, which files it needs, and their hash."""
