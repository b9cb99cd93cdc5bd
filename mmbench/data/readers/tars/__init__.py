"""Tar archives of samples (WebDataset): members are read by their offset, and never unpacked."""
