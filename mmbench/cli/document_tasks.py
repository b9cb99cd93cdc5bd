"""Which models run which tasks, as Markdown, from the registries alone."""

from __future__ import annotations

import sys
from collections import Counter

from mmbench import registry
from mmbench.builtin import MODELS
from mmbench.engine.prepare import able
from mmbench.spec import load_task, packaged_tasks
from mmbench.text import markdown
from mmbench.types import Modality, TaskSpec

_MODALITIES: tuple[Modality, ...] = ("text", "image", "audio", "video")


def tasks() -> str:
    """A table of the packaged tasks: kind, what is asked with, headline, and who can answer."""
    lines = [
        "| task | kind | asked with | headline | models |",
        "|---|---|---|---|---|",
    ]
    for name in packaged_tasks():
        spec = load_task(name)
        asked = [", ".join(m for m in _MODALITIES if m in one) for one in wanted(spec)]
        with_ = " or ".join(asked) or "nothing"
        cells = [f"`{name}`", spec.kind, with_, f"`{spec.headline}`", ", ".join(_models(spec))]
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*lines, ""])


def models() -> str:
    """A table of the built-in models: what they load, what they take, and the tasks they run."""
    runnable = {name: _named(load_task(name)) for name in packaged_tasks()}
    lines = ["| model | what it loads | takes | tasks |", "|---|---|---|---|"]
    for name in sorted(MODELS):
        takes = registry.lookup("model", name).modalities
        kinds = Counter(load_task(task).kind for task, fit in runnable.items() if name in fit)
        told = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        cells = [f"`{name}`", MODELS[name][1], ", ".join(m for m in _MODALITIES if m in takes)]
        lines.append(f"| {' | '.join(map(_cell, [*cells, told or 'metrics alone']))} |")
    return "\n".join([*lines, ""])


def _named(spec: TaskSpec) -> set[str]:
    return {shown.strip("`") for shown in _models(spec)}


def wanted(spec: TaskSpec) -> list[set[Modality]]:
    """Of which modalities a task's questions are, by its fields; several where it has a choice.

    A task on data of one's own names all media that a sample may have one of.
    """
    sides = spec.fields.values() if spec.kind == "retrieval" else spec.fields
    names = {side.rstrip("0123456789") for side in sides}
    media: list[Modality] = [side for side in _MODALITIES if side in names and side != "text"]
    texts = names - {"image", "audio", "video"} or spec.prompt != "{text}"
    told: set[Modality] = {"text"} if texts or spec.kind == "zero_shot" else set()
    if not media:
        return [told] if spec.fields else []
    return [told | {medium} for medium in media]


def _models(spec: TaskSpec) -> list[str]:
    """Built-in models that can answer; of those of images, with `frames+`, those of videos too."""
    ability = registry.lookup("kind", spec.kind)().needs(spec)
    if ability is None or not wanted(spec):
        return ["scored outputs"]
    fit = {name: None for asked in wanted(spec) for name in able(ability, asked)}
    still: set[Modality] = {"image"}
    films = [asked - {"video"} | still for asked in wanted(spec) if "video" in asked]
    framed = [name for asked in films for name in able(ability, asked) if name not in fit]
    return [f"`{name}`" for name in fit] + [f"`frames+{name}`" for name in framed]


def _cell(text: str) -> str:
    return text if "`" in text else markdown(text)


if __name__ == "__main__":
    print({"tasks": tasks, "models": models}[sys.argv[1]](), end="")
