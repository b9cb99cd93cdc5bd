"""Metrics that compare a set of generated images with a set of real images."""
