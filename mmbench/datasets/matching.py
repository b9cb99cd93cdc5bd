"""Matching of model outputs to samples, and removal of output tags that the data also have.

Output files of other programs often have several columns that could be the id, and paths instead of
ids. A column is used if each of its values refers to one sample; a note says which column was used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple
from unicodedata import is_normalized, normalize

from msgspec.structs import replace

from mmbench.columns import (
    ABSENT,
    Keyed,
    are_distinct,
    column,
    entries,
    names_in,
    places,
    take_rows,
)
from mmbench.errors import DataError
from mmbench.media.endings import IMAGES, SOUNDS, VIDEOS
from mmbench.text import count, listed, part_of
from mmbench.types import Outputs, Sample

_MEDIA_ENDINGS = {*IMAGES, *SOUNDS, *VIDEOS}


class _SampleNames(NamedTuple):
    """Names by which outputs may refer to samples, and the ids of these samples.

    The names are ids, values of a tag, or paths.
    """

    names: Sequence[str]
    ids: Sequence[str]


def with_sample_ids(samples: Sequence[Sample], outputs: Outputs) -> Outputs:
    """Return the outputs with the ids of the samples that they belong to.

    The columns that may hold the ids are tried in order. A column fits if each of its values refers
    to one sample: by the tag with the same name as the column if the data have this tag, else by
    the id, by the path of the sample's media file, or, for paths and file names, by the end of the
    path. A later column is used only if its values refer to all samples. If no column fits, the
    outputs are returned unchanged. Raises DataError if two columns fit, assign outputs differently,
    and the file format does not decide between them. Also raises DataError if the outputs have no
    ids and their number is not the number of samples.
    """
    if outputs.positional:
        _refuse_number(len(outputs.values), len(samples))
        return replace(renamed(outputs, column(samples, "id")), positional=False)
    name, output_ids = outputs.id_column, Keyed.from_mapping(outputs.values).names
    ids = match_column(samples, name, output_ids)
    further = {} if ids is not None and outputs.by_format else outputs.other_ids
    match = _match_all_samples if ids is None else _match_names
    ids_by_column = {name: ids} | {
        other: match(samples, other, column_values) for other, column_values in further.items()
    }
    fitting = {name: ids for name, ids in ids_by_column.items() if ids is not None}
    first = next(iter(fitting.values()), None)
    if any(other != first for other in fitting.values()):
        names = listed(name or "(their keys)" for name in fitting)
        raise DataError(
            f"columns {names} of the outputs name different samples; choose the id column with"
            " --field id=NAME"
        )
    if first is None:
        _refuse_tag(samples, name)
    if first is None or ids == output_ids:
        return outputs
    name = next(iter(fitting))
    as_written = first == outputs.other_ids.get(name)
    return renamed(outputs, first, _note(name, outputs.id_column, as_written))


def _refuse_number(outputs: int, samples: int) -> None:
    """Raise DataError unless there are as many outputs without ids as samples."""
    if outputs != samples:
        raise DataError(
            f"{count(outputs, 'output')} without ids for {count(samples, 'sample')}; give each"
            " output an id"
        )


def _refuse_tag(samples: Sequence[Sample], name: str) -> None:
    """Raise DataError if the data have a tag called like the id column but with other values."""
    if name in names_in(column(samples, "tags")):
        raise DataError(
            f"column {name} of the outputs cannot be the id: the tag {name} of the data has other"
            " values, or one value for several samples; choose the id column with --field id=NAME"
        )


def _note(name: str, preferred: str, as_written: bool) -> str:
    other = f", not {preferred or 'their keys'}" if name != preferred else ""
    by = f"column {name}{other}" if name else "their keys"
    rest = "" if as_written else "; its values equal a tag or the end of a path, not the ids"
    return f"outputs are matched by {by}{rest}"


def renamed(outputs: Outputs, ids: Sequence[str], *notes: str) -> Outputs:
    """Return the outputs with these ids, in the order of their values, and with further notes."""
    new = dict(zip(outputs.values, ids, strict=True)) if outputs.tags else {}
    return replace(
        outputs,
        values=Keyed(ids, Keyed.from_mapping(outputs.values).column),
        tags={new[ident]: tags for ident, tags in outputs.tags.items()},
        notes=[*outputs.notes, *notes],
    )


def match_column(samples: Sequence[Sample], name: str, ids: Sequence[str]) -> Sequence[str] | None:
    """Return the sample id for each value of a column; None if a value refers to no sample.

    `name` is the name of the column, `ids` its values.
    """
    same_names = _match_names(samples, name, ids)
    if same_names is not None:
        return same_names
    if not name and not any(ident.isdigit() for ident in ids):
        name = "file"  # the keys of a JSON object may be file names
    for known in _names_of_samples(samples, name):
        for form in _shortenings([*known.names, *ids]):
            rows = _match_shortened(known.names, ids, form)
            if rows and (_holds_paths(name) or _are_ends([known.names[r] for r in rows], ids)):
                return [known.ids[row] for row in rows]
    return None


def _match_all_samples(
    samples: Sequence[Sample], name: str, ids: Sequence[str]
) -> Sequence[str] | None:
    """Return the result of `match_column` if the column `name` refers to all samples, else None."""
    return match_column(samples, name, ids) if len(ids) == len(samples) else None


def _match_names(samples: Sequence[Sample], name: str, ids: Sequence[str]) -> Sequence[str] | None:
    """Return the sample id for each value of a column, if every value is the name of a sample.

    Otherwise return None. `_names_of_samples` gives the names, which are tags, ids or paths. `name`
    is the name of the column, `ids` its values.
    """
    for known in _names_of_samples(samples, name):
        rows = places(ids, known.names)
        if len(rows) and rows.min() >= 0:
            return ids if known.names is known.ids else take_rows(known.ids, rows)
    return None


def _holds_paths(column: str) -> bool:
    """Return whether a column holds paths, judging by its name."""
    name = column.casefold()
    return name in ("audio", "image", "video") or "file" in name or "path" in name


def _are_ends(names: Sequence[str], ids: Sequence[str]) -> bool:
    """Return whether, in each pair of paths, the shorter path is the end of the longer path.

    A pair has one path of `names` and the path of `ids` at the same position.
    """
    parts = [(len(_path(a).parts), len(_path(b).parts)) for a, b in zip(names, ids, strict=True)]
    pairs = zip(names, ids, parts, strict=True)
    return all(
        _last_parts(a, min(n), bare=True) == _last_parts(b, min(n), bare=True) for a, b, n in pairs
    )


def _names_of_samples(samples: Sequence[Sample], name: str) -> Iterator[_SampleNames]:
    """Yield the names by which outputs may refer to samples.

    If the samples have a tag called `name`, these are the values of the tag; otherwise, first the
    ids, then the paths of the media. Nothing is yielded if several samples have the same value of
    the tag.
    """
    ids, tags = column(samples, "id"), entries(column(samples, "tags"), name)
    if name in names_in(column(samples, "tags")):
        if ABSENT not in tags and are_distinct(tags):
            yield _SampleNames(tags, ids)
        return
    yield _SampleNames(ids, ids)
    if not _holds_paths(name):
        return
    media = [(c, s.id) for s in samples for c in s.inputs.values() if not isinstance(c, str)]
    paths = {medium.name: ident for medium, ident in media if medium.name}
    if len(paths) == len(samples):
        yield _SampleNames(list(paths), list(paths.values()))


def _match_shortened(
    names: Sequence[str], ids: Sequence[str], form: Callable[[str], str]
) -> list[int] | None:
    """Return, for each output, the row of the sample whose shortened name equals its shortened id.

    `form` shortens a name of `names` or an id of `ids`. Return None if two shortened names or two
    shortened ids are equal, or if the shortened id of an output is not the shortened name of a
    sample.
    """
    known = {form(name): row for row, name in enumerate(names)}
    shortened = [form(ident) for ident in ids]
    distinct = len(known) == len(names) and len(set(shortened)) == len(shortened)
    return (
        [known[one] for one in shortened] if distinct and known.keys() >= set(shortened) else None
    )


def _shortenings(names: Sequence[str]) -> Iterator[Callable[[str], str]]:
    """Yield functions that shorten paths to their last parts, with and without the extension.

    Functions that keep more parts come first.
    """
    shaped = [n for n in names if set(n) & {"/", "\\", "."} or not is_normalized("NFC", n)]
    depth = max((len(_path(name).parts) for name in shaped), default=0)
    for bare in (False, True):
        for parts in range(depth, 0, -1):
            yield partial(_last_parts, parts=parts, bare=bare)


def _last_parts(name: str, parts: int, bare: bool) -> str:
    path = _path(name)
    if bare and path.suffix.lower() in _MEDIA_ENDINGS:
        path = path.with_suffix("")
    return "/".join(path.parts[-parts:])


def _path(name: str) -> PurePosixPath:
    """Return a name as a path in Unicode NFC; macOS writes file names in NFD."""
    return PurePosixPath(normalize("NFC", name.replace("\\", "/")))


def without_data_tags(samples: Sequence[Sample], outputs: Outputs) -> Outputs:
    """Return the outputs without the tags that the data also have; the data's tags are kept.

    A note is added for each tag with different values in outputs and data.
    """
    output_tags = set(names_in(Keyed.from_mapping(outputs.tags).column))
    common = [name for name in names_in(column(samples, "tags")) if name in output_tags]
    if not common:
        return outputs
    by_id = {sample.id: sample.tags for sample in samples}
    other = dict.fromkeys(common, 0)
    for ident, tags in outputs.tags.items():
        for name in tags.keys() & other.keys():
            other[name] += tags[name] != by_id.get(ident, {}).get(name)
    remaining = {
        ident: {name: tag for name, tag in tags.items() if name not in common}
        for ident, tags in outputs.tags.items()
    }
    differences = [
        f"column {name} of the outputs differs from the data for {count(n, 'sample')}; the values"
        " of the data are used"
        for name, n in sorted(other.items())
        if n
    ]
    return replace(outputs, tags=remaining, notes=[*outputs.notes, *differences])


def refuse_strangers(ids: Sequence[str], outputs: Outputs, *, partial: bool) -> None:
    """Check ids like `refuse_unmatched`, but also name the id column of the outputs in messages."""
    try:
        refuse_unmatched(ids, Keyed.from_mapping(outputs.values).names, partial=partial)
    except DataError as error:
        if not outputs.id_column or outputs.values.keys() <= set(ids):
            raise
        hint = f"the ids are in column {outputs.id_column}; --field id=NAME chooses another column"
        raise DataError(f"{error}; {hint}") from error


def refuse_unmatched(ids: Sequence[str], output_ids: Sequence[str], *, partial: bool) -> None:
    """Raise DataError for outputs without a sample, and for samples without an output.

    With `partial`, a sample may lack an output, but at least one sample must have an output.
    """
    absent, strange = places(ids, output_ids) < 0, places(output_ids, ids) < 0
    missing = [] if partial else [ids[row] for row in absent.nonzero()[0].tolist()]
    extra = [output_ids[row] for row in strange.nonzero()[0].tolist()]
    problems = []
    if missing:
        problems.append(f"{part_of(len(missing), len(ids), 'sample')} no output: {listed(missing)}")
    if extra:
        verb = "belongs" if len(extra) == 1 else "belong"
        problems.append(f"{count(len(extra), 'output')} {verb} to no sample: {listed(extra)}")
    if problems:
        raise DataError("; ".join(problems) + _hint(missing, extra, set(ids)))
    if len(ids) and absent.all():
        raise DataError("no sample has an output")


def _hint(missing: list[str], extra: list[str], known: set[str]) -> str:
    """Return advice for samples without outputs or outputs without samples, or ""."""
    folded = {ident.casefold() for ident in known} if extra else set()
    if any(ident.casefold() in folded for ident in extra):
        return "; --fold-ids matches ids that differ only in case"
    return "; --partial scores only the samples with an output" if missing and not extra else ""
