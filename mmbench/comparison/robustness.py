"""Robustness: the runs of a model on perturbed inputs, compared with its run on clean inputs."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.comparison.comparability import refuse_incomparable
from mmbench.comparison.compare import ALPHA, Comparison, compare_rows, with_verdicts
from mmbench.comparison.rows import RunRows
from mmbench.storage.records import StoredRun


def compare_with_clean(
    clean: StoredRun, perturbed: Sequence[StoredRun], *, alpha: float = ALPHA, seed: int = 0
) -> list[Comparison]:
    """Compare each perturbed run with the clean run of the same model, by the headline.

    The samples are paired. P-values are corrected (Holm) over the perturbed runs. Raises UserError
    if a run is not comparable, MissingRows if a run has no stored rows.
    """
    names = [clean.record.headline]
    for run in perturbed:
        refuse_incomparable(clean.record, run.record, names)
    base = RunRows(clean, names)
    pairs = [
        compare_rows(base, RunRows(run, names), names, alpha, seed, len(perturbed))
        for run in perturbed
    ]
    return with_verdicts(pairs, alpha)
