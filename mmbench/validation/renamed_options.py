"""Error messages for renamed options of data sources, with their new names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmbench.errors import SpecError

_COLUMNS = {"fields": "columns", "media": "columns"}
_PAIRS = {"media": "columns", "captions": "columns: {text: …}", "id": "columns: {MEDIUM_id: …}"}
# Source → old name of an option → new name.
RENAMED: dict[str, dict[str, str]] = {
    "listing": _COLUMNS,
    "rows": _COLUMNS,
    "labelled": _COLUMNS | {"label": "target", "classes": "labels"},
    "captioned": _PAIRS | {"caption_id": "columns: {id: …}"},
    "caption-rows": _PAIRS,
    "audioset": {"paths": "columns: {audio: …}"},
}


def refuse_renamed(data: Mapping[str, object], where: str) -> None:
    """Raise SpecError if a task's `data`, with its `hub` and `join` blocks, has renamed options.

    The message starts with `where`, the task or its file, and has the new name of each option.
    """
    faults = [*_faults(data, "data")]
    hub = data.get("hub")
    if isinstance(hub, Mapping):
        faults += _faults({"source": "rows", **hub}, "data: hub")
    if faults:
        raise SpecError(f"{where}: {'; '.join(faults)}")


def _faults(block: Mapping[str, object], place: str) -> Iterator[str]:
    source = str(block.get("source"))
    renamed = RENAMED.get(source, {})
    for old in block:
        if old in renamed:
            now = renamed[old].replace("MEDIUM", _medium(block))
            yield f"{place}: source {source} has no option {old}; use {now}"
    join = block.get("join")
    if source == "rows" and isinstance(join, Mapping) and "fields" in join:
        yield f"{place}: join has no key fields; use columns"


def _medium(block: Mapping[str, object]) -> str:
    """Return the modality of the media that `block`, a mapping in the data options, describes."""
    columns = [*_keys(block.get("media")), *_keys(block.get("columns"))]
    return next((name for name in columns if name in ("image", "audio", "video")), "image")


def _keys(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, Mapping) else []
