"""`mmbench inspect`: the samples of a run, or of two runs side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.samples.blocks import Pair, pair_block, sample_block
from mmbench.cli.output.samples.fields import View
from mmbench.cli.output.samples.header import (
    advice,
    joined_note,
    list_title,
    missing_inputs,
    pair_header,
    run_header,
)
from mmbench.cli.output.samples.selection import (
    Kind,
    Selection,
    chosen_metric,
    selected_pairs,
    selected_rows,
)
from mmbench.cli.output.samples.tables import (
    csv_row,
    pair_csv_row,
    pair_object,
    sample_object,
    to_csv,
)
from mmbench.cli.output.terminal import screen_width, show
from mmbench.cli.parser.options import find_runs
from mmbench.comparison.compare import compare_runs
from mmbench.comparison.samples.run_samples import RunSamples, run_samples
from mmbench.errors import UserError
from mmbench.metrics.speech.alignment import ErrorRate, error_rate
from mmbench.storage.own_files import write_file
from mmbench.storage.records import StoredRun
from mmbench.storage.row_columns import ANSWER
from mmbench.text import count, plain

_SHOWN = 10  # samples shown by default


def command(args: argparse.Namespace) -> int:
    """Show the selected samples, or write them as CSV or JSON."""
    if len(args.run) > 2:
        raise UserError(f"inspect takes one run or two, not {len(args.run)}; leave the others out")
    if args.changed and len(args.run) == 1:
        raise UserError("--changed needs two runs; type mmbench inspect BASELINE CANDIDATE")
    runs = find_runs(args.run, args)
    (_one if len(runs) == 1 else _two)(args, runs)
    return 0


def _one(args: argparse.Namespace, runs: Sequence[StoredRun]) -> None:
    """Show or write the samples of one run."""
    samples = run_samples(runs[0])
    selection = _selection(args, samples, "worst")
    rows = selected_rows(samples, selection).tolist()
    displayed = rows[: _most(args)]
    rate = _rate(args, samples, selection.metric)
    if args.csv or args.json:
        objects = (sample_object(sample, rate) for sample in samples.at(displayed))
        _write(args, map(csv_row, samples.at(displayed)), objects, len(displayed))
        return
    view = _view(args, samples, selection, rate)
    lines = run_header(samples, selection.metric, view.width)
    lines += ["", list_title(selection, len(displayed), len(rows)), *missing_inputs([samples])]
    lines += joined_note(samples, selection.metric)
    ids = []
    for nth, sample in enumerate(samples.at(displayed), 1):
        lines += ["", *sample_block(sample, nth, view)]
        ids.append(sample.id)
    show([*lines, "", advice(selection, ids, len(rows), default=_no_kind(args))])


def _two(args: argparse.Namespace, runs: Sequence[StoredRun]) -> None:
    """Show or write the samples of two runs, with both outputs."""
    samples = [run_samples(run) for run in runs]
    metric = chosen_metric(samples[0], args.metric)
    (comparison,) = compare_runs(runs, metrics=[metric] if metric else ())
    selection = _selection(args, samples[0], "changed" if metric else "worst")
    selected = selected_pairs(samples, runs, selection)
    pairs = list(_pairs(samples, selected[: _most(args)]))
    rate = _rate(args, samples[0], metric)
    if args.csv or args.json:
        objects = (pair_object(pair, rate) for pair in pairs)
        _write(args, map(pair_csv_row, pairs), objects, len(pairs))
        return
    view = _view(args, samples[1], selection, rate)
    lines = pair_header([run.record for run in runs], comparison, view.width)
    lines += ["", list_title(selection, len(pairs), len(selected), pairs=True)]
    lines += [*missing_inputs(samples), *joined_note(samples[1], selection.metric)]
    for nth, pair in enumerate(pairs, 1):
        lines += ["", *pair_block(pair, nth, view)]
    ids = [pair.sample.id for pair in pairs]
    show([*lines, "", advice(selection, ids, len(selected), default=_no_kind(args))])


def _pairs(
    samples: Sequence[RunSamples], rows: Sequence[tuple[int | None, int | None]]
) -> Iterator[Pair]:
    """Yield the samples with these row numbers in two runs; None is a sample that a run lacks."""
    by_run = [
        one.at([row for row in own if row is not None])
        for one, own in zip(samples, zip(*rows, strict=True), strict=False)
    ]
    for numbers in rows:
        yield Pair(
            *(None if n is None else next(own) for n, own in zip(numbers, by_run, strict=True))
        )


def _no_kind(args: argparse.Namespace) -> bool:
    return not (args.changed or args.worst)


def _selection(args: argparse.Namespace, samples: RunSamples, default: Kind) -> Selection:
    """Return the selection of the flags; `default` is the selection without a flag."""
    flags: dict[Kind, object] = {
        "ids": args.id,
        "wrong": args.wrong,
        "failed": args.failed,
        "changed": args.changed,
        "worst": args.worst,
    }
    kind: Kind = next((kind for kind, value in flags.items() if value), default)
    where = [_tag(text) for text in args.where]
    return Selection(kind, chosen_metric(samples, args.metric), args.id, where)


def _tag(text: str) -> tuple[str, str]:
    tag, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"--where {plain(text)}: no equals sign; write TAG=VALUE")
    return tag, value


def _most(args: argparse.Namespace) -> int | None:
    """Return how many samples are shown at most; None for all."""
    if args.worst or args.csv or args.json or args.id:
        most: int | None = args.worst
        return most
    return _SHOWN


def _rate(args: argparse.Namespace, samples: RunSamples, metric: str) -> ErrorRate | None:
    """Return the error rate whose alignments are shown, None for no alignments.

    With --align, it is the metric or, if the metric is no error rate, the first one of the run.
    """
    if not args.align:
        return error_rate(metric) if args.id else None
    rates = map(error_rate, [metric, *samples.metrics])
    rate = next((one for one in rates if one is not None), None)
    if rate is None:
        run = samples.record.run
        raise UserError(f"--align: run {run} has no error rate such as wer[basic]; leave it out")
    return rate


def _view(
    args: argparse.Namespace, samples: RunSamples, selection: Selection, rate: ErrorRate | None
) -> View:
    columns = samples.rows.column_names
    parsers = [name.removesuffix(ANSWER) for name in columns if name.endswith(ANSWER)]
    return View(
        selection.metric, screen_width(sys.stdout), bool(args.id), rate, samples.labels, parsers
    )


def _write(
    args: argparse.Namespace,
    rows: Iterable[Mapping[str, object]],
    objects: Iterable[Mapping[str, object]],
    number: int,
) -> None:
    """Write samples to the CSV file of `--csv`, and as JSON to stdout for `--json`."""
    if args.csv:
        write_file(Path(args.csv), to_csv(rows).encode(), "--csv")
        show([f"wrote {count(number, 'sample')} to {plain(args.csv, 4_000)}"], sys.stderr)
    if args.json:
        write_json(list(objects))
