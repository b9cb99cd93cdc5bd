"""Moving shapes: films with captions and classes."""
