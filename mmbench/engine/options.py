"""Run settings other than the model and the task, and their construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from mmbench.errors import UserError

if TYPE_CHECKING:
    from mmbench.data.readers.memory.rows import DataPlace as Place
else:
    Place = Any  # msgspec converts no unions of its own and other types


Positive = Annotated[int, msgspec.Meta(ge=1)]


class RunSettings(msgspec.Struct, frozen=True):
    """Run settings other than the model and the task: the flags of `mmbench run`.

    `data` is the value of `--data`, or rows in memory. `settings` maps names to settings of the
    task's kind, such as `index` (`search_settings` makes those of a search). `metrics`
    are computed in addition to those of the task. `metric_models` maps options that metrics declare
    (`ModelFile.option`), such as `inception`, to files of weights.
    `columns`, `labels`, `templates` and `split` replace the options of own data
    (`with_data_flags`). `budget` is the number of test samples to draw. `max_tokens` replaces the
    token limit of a task that generates text.
    `price` has the prices of a million prompt tokens and of a million completion tokens. `judge` is
    the model of metrics by a judge, in the form of the flag `-m`.
    """

    data: Place | None = None
    columns: dict[str, str | list[str]] = {}
    labels: str | list[str] = ""
    templates: list[str] = []
    split: str | None = None
    limit: Positive | None = None
    budget: Positive | None = None
    max_tokens: Positive | None = None
    settings: dict[str, Any] = {}
    metrics: tuple[str, ...] = ()
    device: str = "auto"
    dtype: str = "auto"
    batch_size: Positive | None = None
    seed: int = 0
    fresh: bool = False
    published_as: str | None = None
    model_options: dict[str, Any] = {}
    trust_remote_code: bool = False
    tasks: tuple[str, ...] = ()
    metric_models: dict[str, Path] = {}
    strip_reasoning: bool = False
    allow_outside: bool = False
    price: tuple[float, float] | None = None
    judge: str | None = None


def options_from(
    arguments: Mapping[str, object],
    settings: Mapping[str, object],
    metric_models: Mapping[str, object],
) -> RunSettings:
    """Build run settings from flags or keyword arguments by name.

    `settings` and `metric_models` become the fields with these names. Values that are None and
    unknown arguments are ignored, since each command has only some of the flags. Raises UserError
    for a value of the wrong type.
    """
    values = {
        field.name: arguments.get(field.name) for field in msgspec.structs.fields(RunSettings)
    }
    values = _without_none(values) | {
        "settings": _without_none(settings),
        "metric_models": _without_none(metric_models),
    }
    if isinstance(values.get("data"), str):
        values["data"] = Path(str(values["data"]))
    try:
        return msgspec.convert(values, RunSettings, dec_hook=_as_path)
    except msgspec.ValidationError as error:
        fault, _, name = str(error).partition(" - at `$.")
        raise UserError(f"invalid {name.rstrip('`') or 'run settings'}: {fault}") from error


def search_settings(
    index: str | Sequence[str] | None = None,
    search_device: str | None = None,
    vectors: str | Sequence[str] | None = None,
    top: int | None = None,
) -> dict[str, object]:
    """Return the settings of a search. The first of several indexes or forms of vectors is scored.

    The others are compared with it. None stands for the value of the task.
    """
    indexes, forms = map(_names, (index, vectors))
    return {
        "index": indexes[0] if indexes else None,
        "compared_indexes": indexes[1:] or None,
        "search_device": search_device,
        "vectors": forms[0] if forms else None,
        "compared_vectors": forms[1:] or None,
        "top": top,
    }


def _names(one_or_more: str | Sequence[str] | None) -> tuple[str, ...]:
    return (one_or_more,) if isinstance(one_or_more, str) else tuple(one_or_more or ())


def _without_none(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    """Convert an integer, such as a NumPy scalar, to int, and paths in a tuple to strings."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple):
        return tuple(str(one) if isinstance(one, Path) else one for one in value)
    return value


def _as_path(kind: type, value: object) -> object:
    """Convert a string to a path. msgspec calls this for types that it does not know."""
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    raise TypeError(f"{value!r} is not a path")
