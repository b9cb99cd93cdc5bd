"""Inception of 2015-12-05, the feature extractor of the FID family of metrics."""
