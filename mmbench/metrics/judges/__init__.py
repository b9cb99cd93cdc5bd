"""Judges: models that grade answers by a rubric, and their agreement with human labels."""
