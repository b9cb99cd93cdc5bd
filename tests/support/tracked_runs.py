"""Finished runs as reporters get them: a record, rows and a sample table."""

from __future__ import annotations

from typing import Any, NamedTuple

from mmbench.storage.sample_tables import SampleTable
from mmbench.types import RunRecord
from tests.support.boards import model_info, plain_score, record, task_info

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202eevil\n=HYPERLINK(1)"
SAFE = "<script>alert(1)</script>\ufffd[2J\ufffdevil\n=HYPERLINK(1)"


class Finished(NamedTuple):
    """The arguments of a reporter."""

    record: RunRecord
    rows: dict[str, list[Any]]
    samples: SampleTable | None


def finished_run(
    run: str = "20260101-000000-clip-0a1b2c", step: int = 2000, **changes: Any
) -> Finished:
    """Return a run of four samples: two correct, one wrong with hostile texts, one failed."""
    made = record(
        run,
        model=model_info("clip", checkpoint=f"runs/a/step-{step}", options={"width": 8}),
        task=task_info(data={"sample": 4}, protocol={"sample": 10}),
        scores={
            "recall@1[text-to-image]": plain_score(0.625, low=0.25, high=0.875),
            "fid": plain_score(None, reason="too few images"),
        },
        headline="recall@1[text-to-image]",
        counts={"samples": 4, "failed": 1, "requests": 4, "computed": 3, "cached": 1},
        failures=[("s3", "broken *file*")],
        seconds={"load": 1.5, "measure": 0.5},
        throughput={"image/s": 12.5},
        tokens={"all": {"prompt": 7}},
        cost={"price": [1.0, 2.0], "computed": 0.25, "all": None},
        environment={"versions": {"mmbench": "0.1.0"}},
        **changes,
    )
    hits = [[1.0], [0.0], [1.0], None]
    rows: dict[str, list[Any]] = {
        "direction": ["text-to-image"] * 4,
        "split": [0] * 4,
        "id": ["s0", "s1", "s2", "s3"],
        "group": [""] * 4,
        "error": [None, None, None, "broken *file*"],
        "value": [
            '"yes"',
            '"' + HOSTILE.replace("\n", "\\n").replace("\x1b", "\\u001b") + '"',
            '"no"',
            None,
        ],
        "target": ['"yes"'] * 4,
        "tags": ["{}"] * 4,
        "recall@1": hits,
    }
    return Finished(made, rows, SampleTable(_samples, {}))


def _samples() -> Any:
    import pyarrow as pa

    ids = ["s0", "s1", "s2", "s3"]
    nothing = pa.nulls(4, pa.string())
    texts = [*(f"question {ident} " + "x" * 2000 for ident in ids[:3]), HOSTILE]
    columns = {"role": ["sample"] * 4, "id": ids, "group": nothing, "tags": nothing}
    return pa.table({**columns, "target": nothing, "relevant": nothing, "text:question": texts})
