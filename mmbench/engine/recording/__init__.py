"""From scores to a record, its rows and the verdicts on published numbers."""
