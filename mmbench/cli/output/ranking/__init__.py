"""The ranks of several runs as lines."""
