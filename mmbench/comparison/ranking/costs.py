"""The cost of a run as its record has it: seconds, tokens, or the price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from mmbench.types import RunRecord
from mmbench.types.requests import Method

CostUnit = Literal["seconds", "tokens", "price"]
COST_UNITS: tuple[CostUnit, ...] = get_args(CostUnit)
TITLES: dict[CostUnit, str] = {
    "seconds": "seconds of the model per 1,000 samples",
    "tokens": "generated tokens per sample",
    "price": "price of all outputs",
}
_METHODS: tuple[str, ...] = get_args(Method)
# Methods that make content; other stages of such a run are those of metrics.
_MAKES = ("draw ", "speak ")


def run_cost(record: RunRecord, unit: CostUnit) -> float | None:
    """Return the cost of a run; None if its record does not tell it.

    `seconds` are those of the model's stages, without loading and without cached outputs, for 1,000
    samples. They are unknown if all outputs came from the cache, or some of them in a run with
    several stages. `tokens` are the generated tokens of all outputs by sample, and `price` is the
    cost of all outputs, in the currency of `--price`.
    """
    if unit == "price":
        price = record.cost.get("all")
        return float(price) if isinstance(price, int | float) else None
    if unit == "tokens":
        completion = record.tokens.get("all", {}).get("completion")
        samples = record.counts.get("samples", 0)
        return completion / samples if completion and samples else None
    return _seconds(record)


def _seconds(record: RunRecord) -> float | None:
    stages = _model_stages(record)
    if len(stages) == 1:
        (stage,) = stages
        rate = record.throughput.get(f"{stage.partition(' ')[2]}/s")
        return 1000 / rate if rate else None
    counts = record.counts
    if counts.get("cached", 0) or not counts.get("samples", 0) or not counts.get("computed", 0):
        return None
    total = sum(stages.values())
    return 1000 * total / counts["samples"] if total > 0 else None


def _model_stages(record: RunRecord) -> dict[str, float]:
    """Return the seconds of the evaluated model by stage: METHOD and modality."""
    stages = {
        stage: spent
        for stage, spent in record.seconds.items()
        if stage.partition(" ")[0] in _METHODS and " " in stage
    }
    made = {stage: spent for stage, spent in stages.items() if stage.startswith(_MAKES)}
    return made or stages


def cost_note(records: Sequence[RunRecord], unit: CostUnit) -> str:
    """Return how far the costs of these runs can be compared; "" if there is nothing to say."""
    if unit != "seconds":
        return ""
    devices = sorted({str(record.environment.get("device", "unknown")) for record in records})
    if len(devices) > 1:
        return f"seconds were measured on different devices: {', '.join(devices)}"
    return "seconds were measured once, and depend on the load of the machine"
