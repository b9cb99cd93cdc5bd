"""From what is typed after `-m` to a loaded model: adapter, checkpoint, options, identity."""
