"""From scores to a record, its rows and the comparison with published numbers."""
