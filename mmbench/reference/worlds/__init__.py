"""Synthetic data sets ("worlds") with identical samples on every machine."""
