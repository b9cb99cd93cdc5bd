"""Moving shapes: videos with captions and classes."""
