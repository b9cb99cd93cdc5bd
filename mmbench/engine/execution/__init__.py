"""Executors, which load models and run forward passes: in this process, or on Ray workers."""
