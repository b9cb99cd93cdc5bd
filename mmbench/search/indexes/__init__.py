"""Approximate search with FAISS indexes, and their comparison with exact search."""
