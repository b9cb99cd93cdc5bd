"""Self-tests of tasks, which need no model because the correct results are known."""
