"""The engine runs models on tasks: the only place where models, tasks and metrics meet."""
