"""From a task's `data` block, or a file of outputs, to checked data."""
