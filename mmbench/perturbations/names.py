"""The names of perturbations, and their form in commands, task files and names of tasks.

A perturbation is written NAME:VALUE, with `:query` or `:corpus` to change only one side of
retrieval, and `:seedN` for other random numbers: `noise:3:corpus:seed1`. The name of a perturbed
task has hyphens in place of the colons, because a colon is not valid in the name of a file:
`coco-retrieval+noise-3-corpus-seed1`. Both forms are accepted everywhere.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from mmbench.errors import SpecError, UnknownName
from mmbench.types import Perturbation

Changed = Literal["image", "audio", "text", "options"]

_FORM = re.compile(
    r"(?P<name>[a-z]+)[:-](?P<value>-?\w+)(?:[:-](?P<role>query|corpus))?"
    r"(?:[:-]seed(?P<seed>\d{1,9}))?"
)


class PerturbationName(NamedTuple):
    """What a perturbation changes, its valid values, and whether it is random.

    `lowest` and `highest` are the ends of the range of a number; `words` are further valid values.
    """

    changes: Changed
    summary: str
    lowest: int = 1
    highest: int = 0
    words: tuple[str, ...] = ()
    is_random: bool = False

    def values(self) -> str:
        """Return the valid values as text: `1 to 5`."""
        numbers = [f"{self.lowest} to {self.highest}"] if self.lowest <= self.highest else []
        return " or ".join([*numbers, *self.words])

    def accepts(self, value: str) -> bool:
        """Return whether a value is valid: a number in the usual form, or one of the words."""
        if value in self.words:
            return True
        is_number = re.fullmatch(r"0|-?[1-9]\d{0,3}", value) is not None
        return is_number and self.lowest <= int(value) <= self.highest


NAMES = {
    "blur": PerturbationName("image", "Gaussian blur of severity VALUE (ImageNet-C)", 1, 5),
    "noise": PerturbationName(
        "image", "Gaussian noise of severity VALUE (ImageNet-C)", 1, 5, is_random=True
    ),
    "jpeg": PerturbationName("image", "JPEG compression with quality VALUE (Pillow)", 1, 95),
    "snr": PerturbationName(
        "audio", "white noise at a signal-to-noise ratio of VALUE dB", -40, 80, is_random=True
    ),
    "typos": PerturbationName(
        "text", "two inner letters swapped in VALUE % of the longer words", 1, 100, is_random=True
    ),
    "case": PerturbationName("text", "all letters upper or lower case", words=("upper", "lower")),
    "words": PerturbationName("text", "the words in random order", words=("shuffle",),
                              is_random=True),
    "options": PerturbationName(
        "options", "options moved by VALUE places, reversed or shuffled", 1, 25,
        ("reverse", "shuffle"), is_random=True,
    ),
}  # fmt: skip


def is_perturbation(suffix: str) -> bool:
    """Return whether the suffix of a task's name means a perturbation, valid or not."""
    return ":" in suffix or suffix.partition("-")[0] in NAMES


def parse(text: str) -> Perturbation:
    """Parse `noise:3` or `noise-3`. Raises UnknownName for an unknown name, SpecError otherwise."""
    parts = _FORM.fullmatch(text)
    name = parts["name"] if parts else re.split("[:-]", text)[0]
    if name not in NAMES:
        hint = "write NAME:VALUE; `mmbench list perturbations` shows all"
        raise UnknownName("perturbation", name, NAMES, hint)
    info = NAMES[name]
    if parts is None or not info.accepts(parts["value"]):
        raise SpecError(f"perturbation {text}: write {name}:VALUE, where VALUE is {info.values()}")
    if parts["seed"] and not _draws(info, parts["value"]):
        raise SpecError(f"perturbation {text}: it is not random; leave out seed{parts['seed']}")
    role: Literal["", "query", "corpus"] = (
        "query" if parts["role"] == "query" else "corpus" if parts["role"] else ""
    )
    return Perturbation(name, parts["value"], role, int(parts["seed"] or 0))


def _draws(info: PerturbationName, value: str) -> bool:
    """Return whether a perturbation is random; of the options, only the shuffled ones are."""
    return info.is_random and (info.changes != "options" or value == "shuffle")


def as_text(perturbation: Perturbation) -> str:
    """Return a perturbation as it is written: `noise:3:corpus`."""
    one = perturbation
    seed = f"seed{one.seed}" if one.seed else ""
    return ":".join(filter(None, [one.name, one.value, one.role, seed]))


def name_suffix(perturbation: Perturbation) -> str:
    """Return the end of the name of a perturbed task: `+noise-3`."""
    return f"+{as_text(perturbation).replace(':', '-')}"
