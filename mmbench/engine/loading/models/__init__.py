"""Models: resolution of the argument of `-m`, adapters, options, identity, and loading."""
