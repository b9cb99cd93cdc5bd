"""Metrics of a set of drawn images beside a set of real ones."""
