"""Data sources for data sets whose layout fits no other source."""
