"""Exact search on a torch device: products of fixed shape, and their reduction to counts.

`mmbench.search.part_search` uses it for every device but the CPU, where the code for NumPy is
faster. Scores stay on the device; counts, and the few candidates for the nearest items, do not.
"""
