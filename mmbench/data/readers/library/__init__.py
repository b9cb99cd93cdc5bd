"""Data sets of the datasets library, local or from the hub, and checks before they are read."""
