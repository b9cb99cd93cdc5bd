"""Matching of outputs to samples by the row numbers, inputs and references in their file.

Other evaluation harnesses number the rows of their own copy of a data set. Row numbers are used
only if no question, reference or medium in the file contradicts them. Otherwise an output is
matched by these contents, if they fit exactly one sample (`content_index`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from mmbench.columns import Keyed, places
from mmbench.datasets.content_index import ContentIndex
from mmbench.datasets.matching import match_column, renamed
from mmbench.datasets.sample_facts import Agreement, SampleFacts, agreement, sample_facts
from mmbench.errors import DataError
from mmbench.text import count, listed, part_of, plain
from mmbench.types import OutputContext, Outputs, Sample

NO_ROW, SEVERAL_ROWS = -1, -2
BY_CHANCE = 0.5  # share of contradicted outputs above which ids are equal by chance


class Assignment(NamedTuple):
    """The row of each output's sample, and the fields by which the outputs are matched.

    A row is NO_ROW if no sample fits and SEVERAL_ROWS if several fit. `tolerance` is the share of
    outputs whose contents may contradict the assignment.
    """

    rows: list[int]
    by: str
    tolerance: float = 0.0


def with_context_ids(
    samples: Sequence[Sample], outputs: Outputs, labels: Sequence[str], *, partial: bool
) -> Outputs:
    """Return the outputs with the ids of their samples, and with notes on how they were matched.

    An assignment by an id column is used unless the contents of half of the outputs contradict it
    (ids of two data sets may be equal by chance), one by row numbers if the contents of no output
    do. The last resort is an assignment by contents; with `partial`, outputs that fit no sample, or
    several, are then left out and counted. The outputs are returned unchanged if neither ids nor
    row numbers are those of the data and there are no contents to compare. Raises DataError if the
    outputs cannot be matched.
    """
    facts, contexts = sample_facts(samples, labels), outputs.contexts
    rejected = []
    for assignment in _stated(samples, outputs):
        agreements = _agreements(assignment, contexts, facts)
        contradicted = sum(one.contradicts for one in agreements)
        if contradicted <= assignment.tolerance * len(agreements):
            return _assigned(outputs, assignment, facts, agreements)
        rejected.append((assignment, agreements))
    values = Keyed.from_mapping(outputs.values).column
    assignment = match_contents(contexts, facts, values)
    fitting = [row for row in assignment.rows if row >= 0]
    if not fitting and not rejected:
        return replace(outputs, contexts=())
    if len(fitting) == len(contexts) or (partial and fitting):
        return _assigned(outputs, assignment, facts, _agreements(assignment, contexts, facts))
    raise DataError(_refusal(assignment, rejected, outputs, facts))


def _stated(samples: Sequence[Sample], outputs: Outputs) -> Iterator[Assignment]:
    """Yield the assignments that the file states: by id columns, then by row numbers."""
    ids = Keyed.from_mapping(outputs.values).names
    rows = [context.row for context in outputs.contexts]
    numbers = [row for row in rows if row is not None]
    columns = {**outputs.other_ids}
    if len(numbers) < len(rows):
        columns = {outputs.id_column: ids, **columns}
    known = [sample.id for sample in samples]
    for name, values in columns.items():
        matched = match_column(samples, name, values)
        if matched is not None:
            yield Assignment(places(matched, known).tolist(), f"column {name}", BY_CHANCE)
    if len(numbers) == len(rows) and max(numbers) < len(known) and min(numbers) >= 0:
        yield Assignment(numbers, "row number")


def _agreements(
    assignment: Assignment, contexts: Sequence[OutputContext], facts: SampleFacts
) -> list[Agreement]:
    """Return the agreement of each output that has a row."""
    pairs = zip(contexts, assignment.rows, strict=True)
    return [agreement(context, facts, row) for context, row in pairs if row >= 0]


def match_contents(
    contexts: Sequence[OutputContext], facts: SampleFacts, values: Sequence[object]
) -> Assignment:
    """Match each output with the only sample of the same question, media and reference.

    Only fields that both have are compared. An output has no row if its question is not in the
    data, or if it fits several samples. The exception is k outputs with equal `values` that fit the
    same k samples: they are assigned in order, because every order gives the same result.
    """
    index = ContentIndex(facts, [context.prompt for context in contexts])
    groups: dict[frozenset[int], list[int]] = defaultdict(list)
    for at, context in enumerate(contexts):
        groups[frozenset(index.candidates(context))].append(at)
    rows = [NO_ROW] * len(contexts)
    for candidates, outputs in groups.items():
        equal = len({repr(values[at]) for at in outputs}) == 1
        fits = len(outputs) == len(candidates) and equal
        for at, row in zip(outputs, sorted(candidates), strict=False) if fits else ():
            rows[at] = row
        for at in outputs if candidates and not fits else ():
            rows[at] = SEVERAL_ROWS
    return Assignment(_without_shared(rows), "question, reference and media")


def _without_shared(rows: Sequence[int]) -> list[int]:
    """Return the rows, with SEVERAL_ROWS for those that several outputs have."""
    number = Counter(rows)
    return [row if row < 0 or number[row] == 1 else SEVERAL_ROWS for row in rows]


def _assigned(
    outputs: Outputs, assignment: Assignment, facts: SampleFacts, agreements: Sequence[Agreement]
) -> Outputs:
    """Return the outputs that have a row, with the ids of their samples and with notes."""
    matched = [at for at, row in enumerate(assignment.rows) if row >= 0]
    ids = [facts.ids[assignment.rows[at]] for at in matched]
    notes = [_how_note(assignment, agreements), *_reference_note(ids, agreements)]
    if left := len(assignment.rows) - len(matched):
        verb = "fits" if left == 1 else "fit"
        notes.append(f"partial: left out {count(left, 'output')} that {verb} no single sample")
    values = Keyed.from_mapping(outputs.values)
    if left:
        names = [values.names[at] for at in matched]
        tags = {name: outputs.tags[name] for name in names if name in outputs.tags}
        outputs = replace(outputs, values={n: outputs.values[n] for n in names}, tags=tags)
    return replace(renamed(outputs, ids, *notes), contexts=(), other_ids={}, id_column="")


def _how_note(assignment: Assignment, agreements: Sequence[Agreement]) -> str:
    confirmed = sum(one.confirms for one in agreements)
    how = f"outputs are matched by {assignment.by}"
    if not confirmed:
        return f"{how}, which could not be checked: no question or reference to compare"
    total = len(agreements)
    return (
        f"{how}; {confirmed:,} of {total:,} have the question, reference or media of their sample"
    )


def _reference_note(ids: Sequence[str], agreements: Sequence[Agreement]) -> list[str]:
    """Return a note on outputs with the question of their sample but another reference."""
    pairs = zip(ids, agreements, strict=True)
    other = [ident for ident, one in pairs if one.reference is False and one.confirms]
    if not other:
        return []
    return [
        f"the reference in the file is not that of the data for {count(len(other), 'sample')}:"
        f" {listed(other)}; if it is a letter, the options may be in another order"
    ]


def _refusal(
    assignment: Assignment,
    rejected: Sequence[tuple[Assignment, Sequence[Agreement]]],
    outputs: Outputs,
    facts: SampleFacts,
) -> str:
    """Return the message for outputs that could not be matched."""
    ids = Keyed.from_mapping(outputs.values).names
    pairs = list(zip(ids, assignment.rows, strict=True))
    none = [ident for ident, row in pairs if row == NO_ROW]
    several = [ident for ident, row in pairs if row == SEVERAL_ROWS]
    contents = "no sample by question, reference and media"
    problems = [_contradiction(*rejected[0], outputs.contexts, facts)] if rejected else []
    problems += _misfits(none, len(ids), contents) + _misfits(several, len(ids), "several samples")
    advice = "give --data the samples of this file"
    if len(none) + len(several) < len(ids):
        advice = "--partial scores the others"
    if rejected:
        advice += f"; --field id={_force(rejected[0][0])} matches without this check"
    return "; ".join([*problems, advice])


def _misfits(ids: Sequence[str], total: int, what: str) -> list[str]:
    fits = part_of(len(ids), total, "output", "fits", "fit")
    return [f"{fits} {what}: {listed(ids)}"] if ids else []


def _force(assignment: Assignment) -> str:
    return "row" if assignment.by == "row number" else assignment.by.removeprefix("column ")


def _contradiction(
    assignment: Assignment,
    agreements: Sequence[Agreement],
    contexts: Sequence[OutputContext],
    facts: SampleFacts,
) -> str:
    """Return how an assignment is contradicted, with the first example."""
    wrong = [at for at, one in enumerate(agreements) if one.contradicts]
    row, context = assignment.rows[wrong[0]], contexts[wrong[0]]
    of_output = {
        "question": context.prompt,
        "reference": ", ".join(context.references),
        "media": ", ".join(context.media),
    }
    of_sample = {
        "question": facts.questions[row],
        "reference": ", ".join(sorted(facts.references[row])),
        "media": ", ".join(sorted(facts.media[row])),
    }
    what = next(name for name, same in agreements[wrong[0]]._asdict().items() if same is False)
    verb = "are" if what == "media" else "is"
    return (
        f"by {assignment.by}, {part_of(len(wrong), len(agreements), 'output')} the question,"
        f" reference or media of another sample, such as {facts.ids[row]}, whose {what} {verb}"
        f" {plain(of_sample[what], 60)!r}, not {plain(of_output[what], 60)!r}"
    )
