"""Explanation of the difference between two results: the points that each cause moves.

`explain` starts from a run and replaces one stage after the other by the stage of the other result:
samples, answers, extraction, normalisation, references, scores per sample, aggregation. After each
replacement, the metric is computed again; the change in its value is the points of this cause. The
points therefore add up to the difference of the two values.
"""
