"""Reference architectures; only this package imports torch at the top of a module."""
