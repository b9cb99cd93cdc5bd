"""Scores of all samples, estimated from a run on a part of them."""
