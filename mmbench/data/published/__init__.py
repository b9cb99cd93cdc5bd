"""Data sources for published data sets with a layout of their own."""
