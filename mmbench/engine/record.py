"""The run record: what was asked of whom, the scores, and what it took."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from mmbench import store
from mmbench.contents import ContentKeys, digest
from mmbench.engine import identity
from mmbench.engine.asked import Costs
from mmbench.engine.measure import Measured
from mmbench.engine.prepare import BASELINE, Options, Prepared
from mmbench.engine.published import verdicts
from mmbench.engine.remarks import STRIPPED
from mmbench.errors import SampleError
from mmbench.types import RunRecord, TaskInfo, TaskSpec


class Told(NamedTuple):
    """What a record tells beside the scores."""

    failures: list[tuple[str, str]]
    costs: Costs
    search: dict[str, Any]
    notes: list[str]


def now() -> str:
    """The time, as a record writes it: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def hash_data(spec: TaskSpec, kind: Any, data: Any, keys: ContentKeys) -> tuple[str, int]:
    """Ordered ids and content keys of the samples used, and their links.

    Also how many contents could not be read: the hash covers their ids alone.
    """
    hashes, unread = [], 0
    for side, ident, content in kind.contents(spec, data):
        try:
            key = keys.key(content)
        except SampleError:
            key, unread = b"unreadable", unread + 1
        hashes.append(digest(side, ident, key))
    return identity.data_hash(hashes, kind.links(data)), unread


def way_of_asking(prepared: Prepared, options: Options) -> str:
    """What stands in the signature of each score: what the kind says, and how frames are chosen."""
    spec = prepared.spec
    named = {*spec.fields, *spec.fields.values()}
    frames = "frames=by-index" if "video" in named and "image" not in named else ""
    asked = prepared.kind.signature(options.index, spec, prepared.data)
    reasoning = STRIPPED if options.strip_reasoning else ""
    return ",".join(filter(None, [asked, frames, reasoning]))


def make_record(
    prepared: Prepared, options: Options, measured: Measured, asked_of: str, told: Told
) -> RunRecord:
    """The record of a finished run."""
    spec, kind, info = prepared.spec, prepared.kind, prepared.info
    sizes = kind.sizes(prepared.data)
    known_as = options.published_as or info.checkpoint or info.name
    failed, costs = len(told.failures), told.costs
    source = prepared.data.source
    doubt = source.get("doubt", "")
    published = verdicts(spec, known_as, measured.scores, sizes, failed, doubt)
    baseline = info.adapter == BASELINE
    return RunRecord(
        run=store.new_run_id(info.name),
        created=now(),
        model=info,
        task=TaskInfo(
            name=spec.name,
            version=spec.version,
            kind=spec.kind,
            fingerprint=identity.fingerprint(spec),
            data_hash=asked_of,
            protocol=spec.protocol,
            data=sizes,
            source=source,
            asked=way_of_asking(prepared, options),
        ),
        scores=measured.scores,
        headline=spec.headline,
        published=[] if baseline else published,
        counts={"samples": sum(sizes.values()), "failed": failed, **costs.counts},
        failures=[(ident, why) for ident, why in told.failures[:20]],
        seconds=costs.clock.seconds,
        throughput=costs.throughput,
        environment=identity.environment(costs.device) | _endpoint(prepared),
        seed=options.seed,
        index=told.search,
        notes=[*kind.notes(prepared.data), *prepared.notes, *told.notes],
        baseline=info.name if baseline else None,
        breakdowns=measured.breakdowns,
    )


def _endpoint(prepared: Prepared) -> dict[str, str]:
    """Return the host that was asked, where it is another machine."""
    host = prepared.model.destination if prepared.model else None
    return {"endpoint": host} if host else {}
