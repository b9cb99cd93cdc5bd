"""The engine, which runs models on tasks and scores their outputs.

It is the only package that depends on models, tasks and metrics together.
"""
