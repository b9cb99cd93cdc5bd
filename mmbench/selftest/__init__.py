"""Self-tests of a task, with known answers and without a model."""
