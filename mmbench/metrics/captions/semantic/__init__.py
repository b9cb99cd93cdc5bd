"""Metrics that compare the meaning of captions, with the vectors of text encoders."""
