"""Kinds that measure embeddings by what a simple classifier or a clustering makes of them."""
