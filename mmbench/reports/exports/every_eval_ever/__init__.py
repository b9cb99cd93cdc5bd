"""Exports to Every Eval Ever."""
