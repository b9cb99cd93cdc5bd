"""Folds by family of metrics; `mmbench.stats.folds` imports them on first use."""
