"""Readers of what other programs' models answered: see docs/scoring.md."""
