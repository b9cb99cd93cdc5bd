"""The shapes world: its scenes, pictures and sentences, and how these are read."""
