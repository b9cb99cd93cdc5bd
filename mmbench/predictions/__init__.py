"""Readers of model outputs from other programs: see docs/scoring.md."""
