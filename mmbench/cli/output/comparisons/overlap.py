"""The lines and the CSV rows of `mmbench overlap`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmbench.cli.output.terminal import table
from mmbench.comparison.overlap.result import (
    Overlap,
    OverlapPair,
    OverlapScore,
    PartOverlap,
    PartScore,
)
from mmbench.text import count, csv_cell, format_sizes, plain, sample_noun
from mmbench.text.number_format import (
    decimals,
    format_interval,
    format_number,
    format_percent,
)

_KINDS = {
    "bytes": "same bytes",
    "pixels": "same pixels",
    "text": "same text",
    "words": "same words",
    "near": "near",
}
_SCORES_NOTE = (
    "Overlapping samples may be easier or harder than the others: compare the difference with that"
    " of a model that has not seen the training list."
)


def overlap_lines(result: Overlap, most: int, width: int | None) -> list[str]:
    """Return the lines that `mmbench overlap` prints; at most `most` pairs are shown."""
    lines = [
        f"{plain(result.task)}: {format_sizes(result.sizes)}; training list"
        f" {plain(result.train, 400)}: {count(result.rows, 'row')}"
        + (f", {result.unusable:,} without readable media" if result.unusable else ""),
        "",
        *_parts(result, width),
        "",
        *(f"  {note}" for note in _notes(result)),
        "",
        *_samples(result),
    ]
    if result.scores:
        lines += ["", *_scores(result.scores, width), f"  {_SCORES_NOTE}"]
    return [*lines, *_pairs(result.pairs, most, width)]


def _parts(result: Overlap, width: int | None) -> list[str]:
    header = ["part", "items", *_KINDS.values(), "share"]
    rows = [header, *(_part(part, bool(result.model)) for part in result.parts)]
    return table(rows, {0}, width)


def _part(part: PartOverlap, with_near: bool) -> list[str]:
    cells = [f"{getattr(part, kind):,}" for kind in _KINDS]
    if not with_near:
        cells[-1] = "n/a"
    share = format_percent(part.overlapping / part.items) if part.items else "n/a"
    return [plain(part.part), f"{part.items:,}", *cells, share]


def _notes(result: Overlap) -> Iterator[str]:
    for part in result.parts:
        if part.short:
            yield f"{plain(part.part)}: {count(part.short, 'text')} with few words left out"
    if result.model:
        yield f"near duplicates by {plain(result.model)}, cosine of at least {result.threshold:g}"
    yield from map(plain, result.notes)


def _samples(result: Overlap) -> list[str]:
    """Return how many samples overlap, and by what."""
    what = {"media": "media", "text": "texts", "any": "media or texts"}[result.by]
    return [
        f"{number:,} of {count(result.sizes[role], sample_noun(role))} overlap by their {what}"
        for role, number in result.samples.items()
    ]


def _scores(scores: Sequence[OverlapScore], width: int | None) -> list[str]:
    rows = [["score", "value", "95 %", "samples"]]
    for score in scores:
        rows += [
            [plain(score.metric), "", "", ""],
            ["  overlapping", *_part_score(score.overlapping, score)],
            ["  others", *_part_score(score.clean, score)],
            [
                "  difference",
                format_number(score.difference, _digits(score), "+"),
                format_interval(score.low, score.high, "+"),
                "",
            ],
        ]
    return table(rows, {0}, width)


def _part_score(part: PartScore, score: OverlapScore) -> list[str]:
    interval = format_interval(part.low, part.high)
    return [format_number(part.value, _digits(score)), interval, f"{part.n:,}"]


def _digits(score: OverlapScore) -> int:
    return decimals(score.overlapping.value, score.clean.value)


def _pairs(pairs: Sequence[OverlapPair], most: int, width: int | None) -> list[str]:
    chosen = pairs[: max(0, most)]
    if not chosen:
        return []
    rows = [["match", "cosine", "part", "test", "training row"]]
    for pair in chosen:
        times = f" (and {pair.times - 1:,} more)" if pair.times > 1 else ""
        rows.append([
            _KINDS[pair.match],
            format_number(pair.cosine, 4) if pair.cosine is not None else "",
            plain(pair.part),
            plain(pair.id, 60),
            f"{plain(pair.train_id, 200)}{times}",
        ])  # fmt: skip
    return [
        "",
        f"{len(chosen):,} of {count(len(pairs), 'pair')}:",
        *table(rows, {0, 2, 3, 4}, width),
    ]


def pair_rows(pairs: Sequence[OverlapPair]) -> Iterator[dict[str, object]]:
    """Yield the rows of the CSV file of `--csv`."""
    for pair in pairs:
        yield {
            "part": csv_cell(pair.part),
            "role": pair.role,
            "id": csv_cell(pair.id, 4_000),
            "match": pair.match,
            "train_id": csv_cell(pair.train_id, 4_000),
            "times": pair.times,
            "cosine": pair.cosine,
        }
