"""Readers of model outputs that other programs wrote: see docs/scoring.md."""
