"""The identity of a perturbed task and its data without the perturbation."""

from __future__ import annotations

from msgspec.structs import replace

from mmbench.columns import column, places
from mmbench.engine.context import RunContext
from mmbench.engine.identity import fingerprint, hash_data
from mmbench.perturbations.names import name_suffix, parse
from mmbench.protocols import Dataset, Divisible
from mmbench.types import TaskSpec


def clean_question(
    spec: TaskSpec,
    data: Dataset,
    directions: list[str],
    context: RunContext,
    part: Dataset | None = None,
) -> dict[str, str]:
    """Return the name, fingerprint and data hash of a task without its perturbation.

    By them, a run with clean inputs is recognised as comparable. `data` are the clean data,
    which are reduced to the test samples of `part` if it is given. Return {} for a task without a
    perturbation.
    """
    if not spec.perturb:
        return {}
    name = spec.name.removesuffix(name_suffix(parse(spec.perturb)))
    clean = replace(spec, name=name, perturb="")
    data = data if part is None else _same_part(data, part)
    data_hash, _ = hash_data(clean, data, directions, context.keys)
    return {"name": name, "fingerprint": fingerprint(clean), "data_hash": data_hash}


def _same_part(data: Dataset, part: Dataset) -> Dataset:
    assert isinstance(data, Divisible)  # the same type as `part`
    ids, drawn = (column(next(iter(one.by_role().values())), "id") for one in (data, part))
    return data.part(places(drawn, ids))
