"""The engine, which runs models on tasks and scores their outputs.

No other package knows models, tasks and metrics at once.
"""
