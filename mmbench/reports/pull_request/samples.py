"""The samples with the largest losses between two runs, in a table of a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmbench.comparison.changes import SampleChange, SampleChanges, changed_rows, changes
from mmbench.comparison.gate import GateResult
from mmbench.comparison.join import join, places_in
from mmbench.comparison.rows import RunRows
from mmbench.comparison.samples.output_text import place_text
from mmbench.comparison.samples.run_sample import RunSample
from mmbench.comparison.samples.run_samples import run_samples
from mmbench.engine.score_names import without_macro
from mmbench.reports.pull_request.links import ReportLinks
from mmbench.reports.pull_request.tables import table_lines
from mmbench.text import count, html_text, plain
from mmbench.text.excerpts import excerpts
from mmbench.text.github_markdown import github_code
from mmbench.types import MediaPlace

_SHOWN = 5  # samples
_EXCERPT = 80  # characters of a text
_NAME = 40  # characters of the name of a media item, from its end
_HEADER = ("sample", "score", "input", "baseline", "candidate", "reference")

Changed = tuple[SampleChange, RunSample, RunSample]


def sample_lines(result: GateResult, metric: str, links: ReportLinks) -> Iterator[str]:
    """Yield the details on the samples that are worse in the candidate by `metric`.

    Yield nothing for a metric without values of single samples, and if no sample is worse. Raises
    DataError if the rows of a run cannot be read.
    """
    name = without_macro(metric)
    changed, samples = _worst_changes(result, name)
    if changed is None or not samples:
        return
    better = f"{changed.better:,} better"
    title = f"by <code>{html_text(plain(name))}</code>: {count(changed.worse, 'sample')} worse"
    yield f"<details><summary>Worst changes {title}, {better}</summary>"
    yield ""
    columns = zip(_HEADER, *(_row(*sample, links) for sample in samples), strict=True)
    # Without a sample table, no input is known.
    header, *rows = zip(*(column for column in columns if any(column[1:])), strict=True)
    yield from table_lines(header, rows)
    yield from ("", "</details>", "")


def _worst_changes(result: GateResult, name: str) -> tuple[SampleChanges | None, list[Changed]]:
    """Return the changes by a score, and the samples of both runs with the largest losses."""
    runs = result.baseline, result.candidate
    if any(name not in run.record.scores for run in runs):
        return None, []
    first, second = (RunRows(run, [name]) for run in runs)
    joined = join(first, second, name, places_in(first, second))
    changed = None if joined is None else changes(joined, first, second)
    rows = None if joined is None else changed_rows(joined, first)
    if joined is None or changed is None or rows is None:
        return None, []
    worst = rows[: min(len(changed.samples), changed.worse)]
    chosen = _of_different_groups(list(first.groups.take(joined.places_a[worst])))
    baselines = run_samples(runs[0]).at(joined.places_a[worst[chosen]].tolist())
    candidates = run_samples(runs[1]).at(joined.places_b[worst[chosen]].tolist())
    samples = [changed.samples[at] for at in chosen]
    return changed, list(zip(samples, baselines, candidates, strict=True))


def _of_different_groups(groups: Sequence[str]) -> list[int]:
    """Return the positions of the first samples of different groups, such as captions of an image.

    If there are fewer groups than samples are shown, the first samples are returned.
    """
    positions = [at for at, group in enumerate(groups) if group not in groups[:at]]
    return positions[:_SHOWN] if len(positions) >= _SHOWN else list(range(len(groups)))[:_SHOWN]


def _row(
    change: SampleChange, baseline: RunSample, candidate: RunSample, links: ReportLinks
) -> list[str]:
    """Return the cells of a sample."""
    outputs = excerpts(baseline.answer_text, candidate.answer_text, _EXCERPT)
    reference = " / ".join(dict.fromkeys(baseline.references))
    ident = github_code(baseline.id, 60) or "(no id)"
    return [
        links.to_sample(ident, baseline.id, baseline.direction, baseline.split),
        f"{change.baseline:.4g} → {change.candidate:.4g}",
        _input(baseline, links),
        *(github_code(text, _EXCERPT) or "_nothing_" for text in outputs),
        github_code(reference, _EXCERPT),
    ]


def _input(sample: RunSample, links: ReportLinks) -> str:
    """Return the texts of a sample, and its media as links to the sample in the report.

    Without a report, media are shown by name. No media file is fetched by a reader of the comment.
    """
    texts = [github_code(text, _EXCERPT) for text in sample.texts.values()]
    media = [_media(place, sample, links) for place in sample.media.values()]
    return " ".join(filter(None, [*media, *texts]))


def _media(place: MediaPlace, sample: RunSample, links: ReportLinks) -> str:
    link = links.to_sample(place.modality, sample.id, sample.direction, sample.split)
    if link != place.modality:
        return link
    name = plain(place_text(place), 1_000)
    return github_code(name if len(name) <= _NAME else f"…{name[1 - _NAME :]}")
