"""The table of a model's scores with clean and with perturbed inputs."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.cli.output.terminal import table
from mmbench.comparison.comparability import task_name
from mmbench.comparison.compare import Comparison
from mmbench.comparison.robustness import compare_with_clean
from mmbench.engine.score_names import score_info
from mmbench.reports.sections import label
from mmbench.storage import records as store
from mmbench.text import plain
from mmbench.text.number_format import decimals, format_interval, format_number, format_p_value
from mmbench.types import RunRecord


def robustness_lines(records: Sequence[RunRecord], out: str, width: int | None) -> list[str]:
    """Return a table for each clean run among `records` that has perturbed runs.

    `out` is the board with the rows of the runs. Raises the errors of `compare_with_clean`.
    """
    lines: list[str] = []
    for clean in records:
        own = [one for one in records if one.task.perturbation and _clean(one) == _clean(clean)]
        if clean.task.perturbation or not own:
            continue
        stored = [store.stored_run(record, out) for record in (clean, *own)]
        pairs = compare_with_clean(stored[0], stored[1:])
        lines += ["", *robustness_table(clean, own, pairs, width)]
    return [*lines, "", _LEGEND, ""] if lines else []


def _clean(record: RunRecord) -> tuple[str, str, str]:
    return record.model.hash, label(record), task_name(record)


_LEGEND = (
    "difference: paired, from the clean run, with its 95 % interval; `mmbench compare` shows the"
    " other metrics"
)
_HEADER = ("inputs", "value", "difference", "95 %", "p (Holm)", "verdict")


def robustness_table(
    clean: RunRecord,
    perturbed: Sequence[RunRecord],
    comparisons: Sequence[Comparison],
    width: int | None,
) -> list[str]:
    """Return the headline of each run as lines, with the paired difference from the clean run.

    `comparisons` has the comparison of each perturbed run, in the order of `perturbed`.
    """
    name = clean.headline
    info, better = score_info(name), clean.scores[name].better
    unit = ", ".join(filter(None, [info.unit if info else "", f"{better} is better"]))
    rows: list[Sequence[str]] = [_HEADER]
    rows.append(("clean", format_number(clean.scores[name].value), "", "", "", ""))
    for record, (score, *_) in zip(perturbed, (pair.scores for pair in comparisons), strict=True):
        digits = decimals(score.difference, score.low, score.high)
        rows.append((
            record.task.perturbation,
            format_number(record.scores[name].value),
            format_number(score.difference, digits, "+"),
            format_interval(score.low, score.high, "+"),
            format_p_value(score.p_holm),
            score.verdict,
        ))  # fmt: skip
    cells = [[plain(cell) for cell in row] for row in rows]
    title = f"{plain(label(clean))} on {plain(clean.task.name)}: {plain(name)} ({plain(unit)})"
    return [title, *table(cells, {0, 5}, width, indent=2)]
