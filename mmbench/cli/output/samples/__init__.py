"""The samples of runs in a terminal, as CSV and as JSON."""
