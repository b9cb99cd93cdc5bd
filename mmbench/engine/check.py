"""Everything but the forward passes: names, data, files, weights.

What a run would ask is made, read, decoded and prepared by the functions of a run, and the failures
are those that the kind makes of them, so that a check and a run cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Any, NamedTuple

from mmbench.contents import ContentKeys, cache_folder
from mmbench.engine import calls, identity
from mmbench.engine.asked import Costs, device_for
from mmbench.engine.features import Featurer
from mmbench.engine.forward import Forward
from mmbench.engine.models import BASELINES
from mmbench.engine.prepare import Options, Prepared, check_labels, prepare
from mmbench.engine.progress import Silent
from mmbench.engine.tables import distinct, matrix
from mmbench.engine.trial import try_metrics
from mmbench.errors import SampleError
from mmbench.protocols import Probes
from mmbench.types import Answers, Broken, Item, Media, Requests, Said, Sample

_NOBODY = "oracle"  # a baseline that every kind has: data without a model


class Checked(NamedTuple):
    """What a run would be: sizes of the data, what is asked, and the samples that would fail.

    `unmeasured` says why the headline would have no value, empty where it has one. `notes` are
    what is odd about an endpoint.
    """

    sizes: dict[str, int]
    fingerprint: str
    failures: list[tuple[str, str]]
    unmeasured: str = ""
    notes: tuple[str, ...] = ()


def check(model: str | None, task: str, options: Options) -> Checked:
    """Find the task, decode every medium, load the model's weights, try the metrics on a baseline.

    Without a model the data are checked as for one that takes them. Raises UserError as a run
    would.
    """
    with ContentKeys(cache_folder()) as keys:
        prepared = prepare(model or _NOBODY, task, options, keys)
        runs = prepared.kind.needs(prepared.spec) is not None
        if prepared.model is not None or (model is None and runs):
            failures, notes = _failures(prepared, options, keys)
        else:
            # Refuses data that it cannot answer for.
            kind = prepared.kind
            kind.baseline(prepared.info.name, prepared.spec, prepared.data, options.seed)
            failures, notes = _faults(_samples(prepared), keys, inputs=True), []
        featurer = Featurer(options, keys, Silent(), Costs())
        baseline = model if model in BASELINES else None
        unmeasured = try_metrics(prepared, baseline, featurer, options.seed)
    sizes = prepared.kind.sizes(prepared.data)
    return Checked(sizes, identity.fingerprint(prepared.spec), failures, unmeasured, tuple(notes))


def _failures(
    prepared: Prepared, options: Options, keys: ContentKeys
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return id and reason of the samples that a run would list as failed, and notes."""
    spec, kind, data = prepared.spec, prepared.kind, prepared.data
    requests: dict[str, Requests] = kind.requests(spec, data, options.seed)
    model = prepared.model.load(device_for(options.device)) if prepared.model else None
    notes = list(filter(None, [model.probe()])) if isinstance(model, Probes) else []
    if model is not None:
        _check_classes(prepared, requests, model)
    stubs = {
        name: _unanswered(one, _unreadable(one.contents, Forward(model, one, 1), keys))
        for name, one in requests.items()
    }
    failed: list[tuple[str, str]] = kind.failures(data, stubs)
    known = {ident for ident, _ in failed}
    targets = _faults(_samples(prepared), keys, inputs=False)
    return failed + [(ident, why) for ident, why in targets if ident not in known], notes


def _check_classes(prepared: Prepared, requests: Mapping[str, Requests], model: Any) -> None:
    """Refuse a classifier whose classes do not fit the data."""
    if all(asked.method == "classify" for asked in requests.values()):
        check_labels(prepared, calls.labels_of(model, f"model {prepared.info.name}"))


def _unanswered(requests: Requests, failures: dict[int, str]) -> Answers | Said:
    """Return what a run would have without a forward: nothing, and why some requests failed."""
    n = len(requests.contents)
    if requests.method in calls.VECTORS:
        return Answers(matrix(n, 1), failures)
    return Said([None] * n, failures)


def _samples(prepared: Prepared) -> list[Sample]:
    sides = prepared.kind.samples(prepared.data).values()
    return [sample for samples in sides for sample in samples]


def _faults(samples: Sequence[Sample], keys: ContentKeys, *, inputs: bool) -> list[tuple[str, str]]:
    """Return id and reason of the media in targets, and in `inputs`, that cannot be decoded."""
    found: list[tuple[str, Item]] = []
    for sample in samples:
        contents = [*sample.inputs.values()] if inputs else []
        contents += [sample.target] if isinstance(sample.target, Media | Broken) else []
        found += [(sample.id, content) for content in contents]
    forward = Forward(None, Requests([], "text"), 1)
    reasons = _unreadable([content for _, content in found], forward, keys)
    return [(found[row][0], reason) for row, reason in sorted(reasons.items())]


def _unreadable(items: Sequence[Item], forward: Forward, keys: ContentKeys) -> dict[int, str]:
    """Return why items cannot be read, decoded or prepared, by their row. Each is tried once."""
    asked = distinct(items, keys)

    def fault(item: Item) -> str:
        prepared = forward.prepare(item)
        return str(prepared) if isinstance(prepared, SampleError) else ""

    with ThreadPoolExecutor(min(8, cpu_count() or 1), thread_name_prefix="decode") as pool:
        reasons = list(pool.map(fault, asked.items))
    late = {row: reasons[at] for row, at in enumerate(asked.rows) if at >= 0 and reasons[at]}
    return asked.failures | late
