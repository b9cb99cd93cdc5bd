"""Ranks of several runs by one score: intervals of ranks, the best runs, quality against cost."""
