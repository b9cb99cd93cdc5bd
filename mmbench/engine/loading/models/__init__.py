"""From the argument of `-m` to a loaded model: adapter, checkpoint, options, identity."""
