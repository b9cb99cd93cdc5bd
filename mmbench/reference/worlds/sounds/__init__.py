"""The world of sounds: synthetic audio with captions and tags."""
