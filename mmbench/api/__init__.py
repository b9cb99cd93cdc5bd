"""The Python interface: functions that run, score, list and compare, and the values they return."""
