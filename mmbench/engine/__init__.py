"""The engine: the only place where concrete models, tasks and metrics meet."""
