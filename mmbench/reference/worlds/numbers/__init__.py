"""Spoken numbers."""
