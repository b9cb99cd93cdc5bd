"""Run records, stored rows, and the comparison with published scores."""
