"""Conformance cases of metrics of answers to questions."""
