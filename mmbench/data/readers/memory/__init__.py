"""Rows of data in memory: data frames, lists, and data sets of torch and of `datasets`."""
