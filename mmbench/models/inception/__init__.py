"""Inception of 2015-12-05, whose features the metrics of the FID family compare."""
