"""Data sets read by the datasets library, local or from the hub, and checks of their files."""
