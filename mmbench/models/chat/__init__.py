"""Models that answer conversations by a chat template."""
