"""Speech recognition and text-to-speech models."""
