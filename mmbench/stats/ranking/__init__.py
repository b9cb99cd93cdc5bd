"""Ranks of several runs on the same samples: intervals of ranks, the best runs, the top value."""
