"""Verdicts between runs: is one better, may it be merged, when did it change.

Made of run records and the rows beside them alone, so neither torch nor a model is needed.
"""
