"""Worlds of made-up data: the same bytes on every machine."""
