"""Synthetic data sets ("worlds"), whose samples are identical on every machine."""
