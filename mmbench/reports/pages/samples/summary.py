"""The summary of a sample browser: columns of ids, scores, tags and excerpts, as JSON.

`mmbench/reports/pages/assets/samples.js` reads it and makes the list of samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.comparison.samples.run_sample import RunSample
from mmbench.reports.pages.samples.media import ShownMedium
from mmbench.reports.pages.samples.rows import SampleRows, answer, references, with_inputs
from mmbench.reports.sections import label

if TYPE_CHECKING:
    from numpy.typing import NDArray

Json = dict[str, Any]

EXCERPT = 200  # characters of a text in the summary
_TAG_VALUES = 500  # different values of a tag that can be selected


class Pictures:
    """The URLs of images in a summary, each stored once."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    def number(self, url: str) -> int:
        """Return the number of a URL from 0, -1 for ""."""
        return self._number.setdefault(url, len(self._number)) if url else -1

    def urls(self) -> list[str]:
        """Return the URLs in the order of their numbers."""
        return list(self._number)


def score_columns(samples: SampleRows) -> list[Json]:
    """Return the columns of all scores that every run has: names, values, and which are wrong.

    The scores of several directions, such as `recall@1[text-to-image]`, form one column. Values
    [r][n] are null where not measured; `wrong` has r strings with a 1 for each wrong sample, or
    each sample that is not perfect, if the score is `graded` (`RunSamples.is_graded`).
    """
    first, *others = samples.runs
    names = [name for name in first.metrics if all(name in run.metrics for run in others)]
    by_base: dict[str, list[str]] = {}
    for name in names:
        by_base.setdefault(_without_direction(name, set(first.directions())), []).append(name)
    return [_score_column(samples, base, names) for base, names in by_base.items()]


def _without_direction(name: str, directions: Iterable[str]) -> str:
    for direction in filter(None, directions):
        name = name.removesuffix(f"[{direction}]")
    return name


def _score_column(samples: SampleRows, base: str, names: list[str]) -> Json:
    values, wrong = [], []
    graded = any(run.is_graded(name) for run in samples.runs for name in names)
    for number, run in enumerate(samples.runs):
        rows = samples.rows[:, number]
        scores = np.stack([run.scores(name)[rows] for name in names])
        there = ~np.isnan(scores)
        of_name = there.argmax(axis=0)
        values.append(_numbers(scores[of_name, np.arange(len(rows))]))
        wrong.append(_bits(np.any([run.wrong(name)[rows] for name in names], axis=0)))
    better = samples.runs[0].record.scores[names[0]].better
    return {"name": base, "better": better, "values": values, "wrong": wrong, "graded": graded}


def _numbers(values: NDArray[np.float64]) -> list[float | int | None]:
    """Return numbers with 6 significant digits; None for NaN."""
    rounded = (float(f"{value:.6g}") for value in values.tolist())
    return [None if x != x else int(x) if x.is_integer() else x for x in rounded]


def _bits(mask: NDArray[np.bool_]) -> str:
    return (mask.astype(np.uint8) + ord("0")).tobytes().decode()


class Summary:
    """Collects the summary of all samples: columns of ids, scores, tags and excerpts."""

    def __init__(self, samples: SampleRows) -> None:
        self._samples, self.pictures = samples, Pictures()
        self._texts: list[str] = []
        self._references: list[str] = []
        self._answers: list[list[str]] = [[] for _ in samples.runs]
        self._ranks: list[list[int | None]] = [[] for _ in samples.runs]
        self._thumbnails: list[int] = []
        self._splits: list[int] = []
        self._tags: list[dict[str, str]] = []

    def add(self, outputs: Sequence[RunSample], media: Iterable[ShownMedium]) -> None:
        """Add the next sample with its outputs in all runs and its media."""
        sample = with_inputs(outputs)
        self._texts.append(excerpt(next(filter(None, sample.texts.values()), "")))
        self._references.append(excerpt(" | ".join(references(sample))))
        for output, answers, ranks in zip(outputs, self._answers, self._ranks, strict=True):
            answers.append(excerpt(answer(output)))
            ranks.append(output.rank)
        preview = next((m.preview or m.source for m in media if _is_picture(m)), "")
        self._thumbnails.append(self.pictures.number(preview))
        self._splits.append(sample.split)
        self._tags.append(sample.tags)

    def json(self) -> Json:
        """Return the summary."""
        first, *_ = self._samples.runs
        rows = self._samples.rows
        ids, directions = first.ids(), first.directions()
        of_first = rows[:, 0].tolist()
        return {
            "runs": [label(run.record) for run in self._samples.runs],
            "ids": [ids[row] for row in of_first],
            "directions": _encoded([directions[row] for row in of_first]),
            "splits": self._splits if any(self._splits) else None,
            "metrics": score_columns(self._samples),
            "failed": [_bits(r.failed()[rows[:, i]]) for i, r in enumerate(self._samples.runs)],
            "tags": _tag_columns(self._tags),
            "texts": self._texts,
            "references": self._references,
            "answers": self._answers,
            "ranks": self._ranks if any(map(any, self._ranks)) else None,
            "thumbnails": self._thumbnails,
            "pictures": self.pictures.urls(),
        }


def excerpt(text: str) -> str:
    """Return the beginning of a text as one line."""
    line = " ".join(text[: 2 * EXCERPT].split())
    return line if len(line) <= EXCERPT and len(text) <= 2 * EXCERPT else f"{line[:EXCERPT]}…"


def _is_picture(medium: ShownMedium) -> bool:
    return bool(medium.preview) or (medium.modality == "image" and bool(medium.source))


def _encoded(values: Sequence[str]) -> Json:
    """Return a column as its different values and, for each row, the number of its value."""
    number: dict[str, int] = {}
    rows = [number.setdefault(value, len(number)) for value in values]
    return {"values": list(number), "rows": rows if len(number) > 1 else None}


def _tag_columns(tags: Sequence[dict[str, str]]) -> list[Json]:
    """Return a column for each tag; rows without the tag, or with a rare value, have number -1."""
    names = dict.fromkeys(name for row in tags for name in row)
    columns = []
    for name in names:
        counts = Counter(row[name] for row in tags if name in row)
        values = sorted(value for value, _ in counts.most_common(_TAG_VALUES))
        number = {value: at for at, value in enumerate(values)}
        rows = [number.get(row[name], -1) if name in row else -1 for row in tags]
        columns.append({"name": name, "values": values, "rows": rows})
    return columns
