"""Made-up sounds with captions and tags."""
