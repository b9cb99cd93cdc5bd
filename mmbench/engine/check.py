"""A check of a task and a model: everything that a run does except the forward passes.

A check uses the functions of a run to build, read, decode and prepare the requests. As in a run,
the kind of the task derives the failed samples from the failed requests. So a check finds the same
failures as a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import NamedTuple

from mmbench.columns import take_rows
from mmbench.engine import dispatch, identity
from mmbench.engine.context import RunContext, run_context
from mmbench.engine.execution.forward import Forward
from mmbench.engine.execution.in_process import device_for
from mmbench.engine.inference.responses import distinct, zero_matrix
from mmbench.engine.loading.models.resolver import BASELINES
from mmbench.engine.loading.prepare import PreparedRun, check_labels, prepare
from mmbench.engine.options import RunSettings
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.engine.trial import try_metrics
from mmbench.errors import SampleError
from mmbench.protocols import Probes
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import (
    GeneratedOutputs,
    InvalidContent,
    Item,
    Media,
    Requests,
    Sample,
    VectorOutputs,
)

_DATA_ONLY_BASELINE = "oracle"  # a baseline that every kind has: data without a model


class CheckReport(NamedTuple):
    """The findings of a check: data sizes, task fingerprint, and samples that would fail.

    `sizes` are sample counts by role; `failures` are pairs of sample id and reason. `unmeasured` is
    the reason why the headline score would have no value, empty if it would have a value. `notes`
    are remarks on the data and the options of the model, and warnings from an endpoint.
    """

    sizes: dict[str, int]
    fingerprint: str
    failures: list[tuple[str, str]]
    unmeasured: str = ""
    notes: tuple[str, ...] = ()


def check(model: str | None, task: str, options: RunSettings) -> CheckReport:
    """Find the task, load the model's weights, decode all media, try the metrics on a baseline.

    If `model` is None, the data are checked as if for a model that accepts every input of the task.
    Raises UserError wherever a run would.
    """
    with run_context(options) as context:
        prepared = prepare(model or _DATA_ONLY_BASELINE, task, context)
        requests = prepared.requests
        if model is None and prepared.kind.needs() is not None:
            requests = prepared.kind.requests(prepared.data, options.seed)
        if requests:
            failures, warnings = _failures(prepared, requests, context)
        else:
            # Raises for data that the baseline cannot answer.
            prepared.kind.baseline(prepared.info.name, prepared.data, options.seed)
            failures = _media_failures(_samples(prepared), context.keys, inputs=True)
            warnings = []
        baseline = model if model in BASELINES else None
        unmeasured = try_metrics(prepared, baseline, FeatureExtractor(context), options.seed)
    notes = (
        *prepared.data.notes(),
        *(prepared.model.notes if prepared.model else ()),
        *warnings,
    )
    sizes = prepared.data.sizes()
    return CheckReport(sizes, identity.fingerprint(prepared.spec), failures, unmeasured, notes)


def _failures(
    prepared: PreparedRun, requests: Mapping[str, Requests], context: RunContext
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return (id, reason) of each sample that would fail in a run, and warnings of an endpoint."""
    model = prepared.model.load(device_for(context.options.device)) if prepared.model else None
    warnings = [model.probe()] if isinstance(model, Probes) else []
    if model is not None:
        _check_classes(prepared, requests, model)
    keys = context.keys
    stubs = {
        name: _empty_outputs(one, _unreadable(one.contents, Forward(model, one, 1), keys))
        for name, one in requests.items()
    }
    failed = prepared.kind.failures(prepared.data, stubs)
    failed_ids = {ident for ident, _ in failed}
    target_failures = _media_failures(_samples(prepared), keys, inputs=False)
    return failed + [(ident, why) for ident, why in target_failures if ident not in failed_ids], [
        warning for warning in warnings if warning
    ]


def _check_classes(prepared: PreparedRun, requests: Mapping[str, Requests], model: object) -> None:
    """Raise DataError if the classes of a classifier lack a class of the data."""
    for one in requests.values():
        if one.method == "classify":
            check_labels(prepared, one, dispatch.labels_of(model, f"model {prepared.info.name}"))


def _empty_outputs(
    requests: Requests, failures: dict[int, str]
) -> VectorOutputs | GeneratedOutputs:
    """Return placeholder outputs for requests; `failures` maps failed rows to reasons."""
    n = len(requests.contents)
    if requests.method in dispatch.VECTORS:
        return VectorOutputs(zero_matrix(n, 1), failures)
    return GeneratedOutputs([None] * n, failures)


def _samples(prepared: PreparedRun) -> list[Sample]:
    return [sample for samples in prepared.data.by_role().values() for sample in samples]


def _media_failures(
    samples: Sequence[Sample], keys: ContentKeys, *, inputs: bool
) -> list[tuple[str, str]]:
    """Return (sample id, reason) of each image, audio or video that cannot be decoded.

    Media in targets are always checked, media in inputs only if `inputs` is true.
    """
    items: list[tuple[str, Item]] = []
    for sample in samples:
        contents = [*sample.inputs.values()] if inputs else []
        contents += [sample.target] if isinstance(sample.target, Media | InvalidContent) else []
        items += [(sample.id, content) for content in contents]
    forward = Forward(None, Requests([], "text"), 1)
    reasons = _unreadable([content for _, content in items], forward, keys)
    return [(items[row][0], reason) for row, reason in sorted(reasons.items())]


def _unreadable(items: Sequence[Item], forward: Forward, keys: ContentKeys) -> dict[int, str]:
    """Return the reason for each item that cannot be read, decoded or prepared, by row.

    Each distinct item is prepared only once.
    """
    unique = distinct(items, keys)

    def fault(item: Item) -> str:
        prepared = forward.prepare(item)
        return str(prepared) if isinstance(prepared, SampleError) else ""

    with ThreadPoolExecutor(min(8, cpu_count() or 1), thread_name_prefix="decode") as pool:
        reasons = list(pool.map(fault, take_rows(items, unique.first)))
    numbers = enumerate(unique.rows.tolist())
    decoding_failures = {row: reasons[at] for row, at in numbers if at >= 0 and reasons[at]}
    return unique.failures | decoding_failures
