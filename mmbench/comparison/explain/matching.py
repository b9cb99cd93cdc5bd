"""Matching of the samples of another result with the samples of a run.

The rules are those of `mmbench score`, except that references may differ, because that is one of
the causes that are looked for, and that samples without a match are allowed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mmbench.comparison.explain.results import OurResult, TheirResult, TheirSample
from mmbench.datasets.context_matching import BY_CHANCE, match_contents
from mmbench.datasets.matching import match_column
from mmbench.datasets.sample_facts import SampleFacts, agreement, sample_facts
from mmbench.errors import DataError
from mmbench.predictions.harnesses.references import output_context
from mmbench.text import count, listed
from mmbench.types import OutputContext

Places = list[int | None]


class Matching(NamedTuple):
    """The position in our run of each of their samples, None if there is none, and the method."""

    places: Places
    method: str


def match(ours: OurResult, theirs: TheirResult) -> Matching:
    """Match their samples with ours: by the samples of a run, by id, row number or contents.

    Ids and row numbers are used unless the questions and references of half of the samples
    contradict them. Raises DataError if no sample matches, or if two of theirs match one of ours.
    """
    for method, places in _candidates(ours, theirs):
        matched = Counter(place for place in places if place is not None)
        if twice := [place for place, n in matched.items() if n > 1]:
            ids = (ours.items[place].prediction.id for place in twice)
            raise DataError(f"{theirs.name}: several outputs match one sample: {listed(ids)}")
        if matched:
            return Matching(places, method)
    raise DataError(
        f"{theirs.name}: no sample matches run {ours.record.run} by id, row number or contents;"
        " give a result of the same data"
    )


def _candidates(ours: OurResult, theirs: TheirResult) -> Iterator[tuple[str, Places]]:
    """Yield the ways of matching in the order in which they are tried."""
    samples = theirs.samples
    if any(sample.key for sample in samples):
        yield "id", _by_key(ours, samples)
        return
    if theirs.positional and len(samples) != len(ours.items):
        raise DataError(
            f"{theirs.name} has {count(len(samples), 'line')} without ids, but the run has"
            f" {count(len(ours.items), 'sample')}; give one line per sample"
        )
    facts = sample_facts(ours.samples, ours.labels)
    contexts = list(map(output_context, samples))
    numbers = [sample.row for sample in samples]
    stated = ("row number", [_inside(number, len(ours.items)) for number in numbers])
    if None in numbers:
        stated = ("id", _by_id(ours, theirs))
    if _is_plausible(stated[1], contexts, facts):
        yield stated
    values = [(s.raw, s.extracted, s.scores, s.reference) for s in samples]
    by_contents = match_contents(contexts, facts, values)
    yield by_contents.by, [row if row >= 0 else None for row in by_contents.rows]


def _by_key(ours: OurResult, samples: Sequence[TheirSample]) -> Places:
    keys = [(item.direction, item.split, item.prediction.id) for item in ours.items]
    known = {key: at for at, key in enumerate(keys)}
    return [known.get(sample.key) if sample.key else None for sample in samples]


def _by_id(ours: OurResult, theirs: TheirResult) -> Places:
    """Match ids, with paths shortened if all of them then belong to a sample."""
    ids = [item.prediction.id for item in ours.items]
    own = [sample.id for sample in theirs.samples]
    matched = match_column(ours.samples, theirs.id_column, own) or own
    known = {ident: at for at, ident in enumerate(ids)}
    return [known.get(ident) for ident in matched]


def _inside(number: int | None, n: int) -> int | None:
    return number if number is not None and number < n else None


def _is_plausible(
    places: Sequence[int | None], contexts: Sequence[OutputContext], facts: SampleFacts
) -> bool:
    """Return whether the contents of at most half of the matched samples contradict a matching."""
    pairs = zip(contexts, places, strict=True)
    matched = [agreement(one, facts, place) for one, place in pairs if place is not None]
    return sum(one.contradicts for one in matched) <= BY_CHANCE * len(matched)
