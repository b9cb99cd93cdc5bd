"""Metrics: functions of predictions that return a Score."""
