"""Data sources for published data sets that each have their own file layout."""
