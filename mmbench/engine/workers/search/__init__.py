"""Exact search on the workers, in parts of the corpus whose vectors are shared as files."""
