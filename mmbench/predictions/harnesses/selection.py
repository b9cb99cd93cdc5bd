"""Selection of one output per sample from the results of another harness.

A file has several outputs of a sample if the harness applied several filters, asked several times
(repeats, epochs), or evaluated several subsets or splits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from mmbench.columns import are_distinct
from mmbench.errors import DataError, UnknownName
from mmbench.predictions.harnesses.mteb import HARNESS as MTEB
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample
from mmbench.text import count, listed, plain, repeated

_REPEATED = ("repeat", "filter")
_PARTS = ("subset", "split")


def selections(results: HarnessResults) -> tuple[str, ...]:
    """Return the keys of `--field` that may select outputs: the names of tags."""
    return _PARTS if results.harness == MTEB else _REPEATED


def one_per_sample(
    results: HarnessResults, chosen: Mapping[str, str], place: str, *, raw: bool = True
) -> HarnessResults:
    """Return the results with one output per sample.

    `chosen` maps keys of `selections` to values. With `raw`, the model's outputs are scored, so
    that filters need no choice where the output is the same; otherwise the extracted answers are
    scored, so that repeats need no choice where a filter took one answer from all of them. Raises
    DataError, which says what to type, if several outputs of a sample remain; UnknownName for a
    value that the file does not have. `place` begins the messages.
    """
    samples = results.samples
    for key, value in chosen.items():
        samples = _with_tag(samples, key, value, place)
    if results.harness == MTEB:
        _refuse_parts(samples, place)
    else:
        samples = _without_filters(samples) if raw else _without_repeats(samples)
    ids = [sample.id for sample in samples]
    if not are_distinct(ids):
        raise _several(samples, repeated(ids), place)
    return replace(results, samples=samples)


def _with_tag(
    samples: Sequence[HarnessSample], key: str, value: str, place: str
) -> list[HarnessSample]:
    values = list(dict.fromkeys(sample.tags.get(key, "") for sample in samples))
    if values == [""]:
        raise DataError(f"{place} has no {key} to choose; leave --field {key}={value} out")
    if value not in values:
        raise UnknownName(f"{key} of {place}", value, [one for one in values if one])
    return [sample for sample in samples if sample.tags.get(key) == value]


def _refuse_parts(samples: Sequence[HarnessSample], place: str) -> None:
    """Raise DataError for samples of several subsets or splits."""
    for key in _PARTS:
        values = list(dict.fromkeys(sample.tags.get(key, "") for sample in samples))
        if len(values) > 1:
            raise DataError(
                f"{place} has {count(len(values), key)}: {listed(values)}; choose one with --field"
                f" {key}={plain(values[0])}"
            )


def _without_filters(samples: Sequence[HarnessSample]) -> list[HarnessSample]:
    """Return the samples without those that have the id, repeat and raw output of an earlier one.

    These are the lines of further filters. Samples without a raw output are kept.
    """
    distinct: dict[tuple[object, ...], HarnessSample] = {}
    for number, sample in enumerate(samples):
        key = (sample.id, sample.tags.get("repeat"), repr(sample.raw))
        distinct.setdefault(key if sample.raw is not None else (number,), sample)
    return list(distinct.values())


def _without_repeats(samples: Sequence[HarnessSample]) -> list[HarnessSample]:
    """Return one sample for all repeats from which a filter took one answer, such as the majority.

    It has no raw output if the repeats have different ones. Samples without an extracted answer are
    kept.
    """
    repeats: dict[tuple[object, ...], list[HarnessSample]] = {}
    for number, sample in enumerate(samples):
        key = (sample.id, sample.tags.get("filter"), repr(sample.extracted))
        repeats.setdefault(key if sample.extracted is not None else (number,), []).append(sample)
    return [
        replace(first, raw=first.raw if all(one.raw == first.raw for one in others) else None)
        for first, *others in repeats.values()
    ]


def _several(samples: Sequence[HarnessSample], ids: Sequence[str], place: str) -> DataError:
    """Return the error for samples with several outputs; `ids` are their ids."""
    what = f"{place} has several outputs for {count(len(ids), 'sample')}, such as {ids[0]}"
    for key in _REPEATED:
        values = list(
            dict.fromkeys(s.tags[key] for s in samples if s.id == ids[0] and key in s.tags)
        )
        if len(values) > 1:
            choice = f"choose one with --field {key}={plain(values[0])}"
            return DataError(f"{what}, with the {key}s {listed(values)}; {choice}")
    return DataError(f"{what}, which no field distinguishes; give a file with one line per sample")
