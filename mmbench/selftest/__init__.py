"""Tests of a task with known answers, independent of any model."""
