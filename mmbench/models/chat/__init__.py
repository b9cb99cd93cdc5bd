"""Models that answer conversations through a chat template."""
