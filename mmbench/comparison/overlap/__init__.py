"""The overlap of a training list with a test set: equal and nearly equal contents."""
