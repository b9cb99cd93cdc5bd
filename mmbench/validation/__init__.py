"""Checks of input from outside: JSON and YAML, compressed files, special files, named options."""
