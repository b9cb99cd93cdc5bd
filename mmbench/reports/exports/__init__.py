"""Exports of stored runs to files that other programs read."""
