"""Lookup of the source files of plugins, and attribution of errors to plugins."""
