"""Metrics: functions that compute a Score from predictions."""
