"""Data sets of the datasets library: on this machine, on the hub, and what is checked first."""
