"""Scoring of predictions: metrics, features of other models, and bounds."""
