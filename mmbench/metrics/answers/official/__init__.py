"""Metrics that parse answers by the rules of the official evaluator of a benchmark."""
