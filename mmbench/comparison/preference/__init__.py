"""The preference of a judge between the answers of two runs."""
