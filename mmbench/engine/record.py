"""The run record: what was asked of whom, the scores, and what it took."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mmbench import store
from mmbench.contents import ContentKeys, digest
from mmbench.engine import identity
from mmbench.engine.asked import Asked
from mmbench.engine.measure import Measured
from mmbench.engine.prepare import Options, Prepared
from mmbench.engine.published import verdicts
from mmbench.errors import SampleError
from mmbench.types import Answers, RunRecord, TaskInfo


def hash_data(prepared: Prepared, keys: ContentKeys) -> str:
    """Ordered ids and content keys of the samples used, and their links."""
    spec, kind = prepared.spec, prepared.kind
    hashes = []
    for side, samples in kind.samples(prepared.data).items():
        for sample in samples:
            try:
                key = keys.key(sample.inputs[spec.fields[side]])
            except SampleError:
                key = b"unreadable"
            hashes.append(digest(side, sample.id, key))
    return identity.data_hash(hashes, kind.links(prepared.data))


def make_record(
    prepared: Prepared,
    options: Options,
    measured: Measured,
    answers: dict[str, Answers],
    asked: Asked,
    asked_of: str,
    report: dict[str, Any],
) -> RunRecord:
    """The record of a finished run."""
    spec, kind, info = prepared.spec, prepared.kind, prepared.info
    sizes = kind.sizes(prepared.data)
    failures = kind.failures(prepared.data, answers) if answers else []
    known_as = options.published_as or info.checkpoint or info.name
    failed = len(failures)
    return RunRecord(
        run=store.new_run_id(info.name),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        model=info,
        task=TaskInfo(
            name=spec.name,
            version=spec.version,
            kind=spec.kind,
            fingerprint=identity.fingerprint(spec),
            data_hash=asked_of,
            protocol=spec.protocol,
            data=sizes,
            source=prepared.data.source,
        ),
        scores=measured.scores,
        headline=spec.headline,
        published=verdicts(spec, known_as, measured.scores, sizes, failed) if answers else [],
        counts={"samples": sum(sizes.values()), "failed": failed, **asked.counts},
        failures=[(ident, why) for ident, why in failures[:20]],
        seconds=asked.clock.seconds,
        throughput=asked.throughput,
        environment=identity.environment(asked.device),
        seed=options.seed,
        index=report,
        notes=kind.notes(prepared.data),
        baseline=info.name if prepared.model is None else None,
    )
