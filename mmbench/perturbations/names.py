"""The names of perturbations, and their form in commands, task files and names of tasks.

A perturbation is written NAME:VALUE, with `:query` or `:corpus` to change only one side of
retrieval, and `:seedN` for other random numbers: `noise:3:corpus:seed1`. The name of a perturbed
task has hyphens in place of the colons, because a colon is not valid in the name of a file:
`coco-retrieval+noise-3-corpus-seed1`. Both forms are accepted everywhere.

The value of `paraphrase` is a file in commands and task files, `paraphrase:my/captions.csv:query`.
In names and records, the beginning of the hash of its content takes the place of the folder and the
ending: `paraphrase:captions-3fa9c2d1:query`.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

from mmbench.errors import SpecError, UnknownName
from mmbench.text import with_home
from mmbench.types import Perturbation
from mmbench.validation.regular_files import read_regular

Changed = Literal["image", "audio", "text", "options"]

PARAPHRASE = "paraphrase"  # the perturbation whose value is a file

_FORM = re.compile(
    r"(?P<name>[a-z]+)[:-](?P<value>-?\w+)(?:[:-](?P<role>query|corpus))?"
    r"(?:[:-]seed(?P<seed>\d{1,9}))?"
)
_END = r"(?:{0}(?P<role>query|corpus))?(?:{0}seed(?P<seed>\d{{1,9}}))?"
_FILE = re.compile(rf"{PARAPHRASE}:(?P<value>.+?){_END.format(':')}", re.DOTALL)
_HASHED_FILE = re.compile(rf"{PARAPHRASE}[:-](?P<value>[\w.-]+-[0-9a-f]{{8}}){_END.format('[:-]')}")
_SIMILAR = 0.7  # least ratio of difflib between a misspelt name and the name
_LONGEST = 40  # characters of the name of a file in the name of a task


class PerturbationName(NamedTuple):
    """What a perturbation changes, its valid values, and whether it is random.

    `lowest` and `highest` are the ends of the range of a number; `words` are further valid values.
    With `is_file`, the value is a file.
    """

    changes: Changed
    summary: str
    lowest: int = 1
    highest: int = 0
    words: tuple[str, ...] = ()
    is_random: bool = False
    is_file: bool = False

    def values(self) -> str:
        """Return the valid values as text: `1 to 5`."""
        if self.is_file:
            return "a CSV, TSV, JSONL or JSON file"
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
    PARAPHRASE: PerturbationName(
        "text", "each text replaced by one of its paraphrases in the file VALUE", is_random=True,
        is_file=True,
    ),
    "options": PerturbationName(
        "options", "options moved by VALUE places, reversed or shuffled", 1, 25,
        ("reverse", "shuffle"), is_random=True,
    ),
}  # fmt: skip


def is_perturbation(suffix: str) -> bool:
    """Return whether the suffix of a task's name means a perturbation, valid or not."""
    return ":" in suffix or suffix.partition("-")[0] in NAMES


def misspelt_name(label: str) -> str:
    """Return the name that `nois-3` is probably meant to have; "" for another label of data."""
    name, hyphen, value = label.partition("-")
    near = get_close_matches(name, NAMES, 1, _SIMILAR) if hyphen else []
    return near[0] if near and NAMES[near[0]].accepts(value) else ""


def parse(text: str) -> Perturbation:
    """Parse `noise:3` or `noise-3`, and read the file of `paraphrase:FILE` for its hash.

    Raises UnknownName for an unknown name, SpecError otherwise.
    """
    name = re.split("[:-]", text)[0]
    if name not in NAMES:
        hint = "write NAME:VALUE; `mmbench list perturbations` shows all"
        raise UnknownName("perturbation", name, NAMES, hint)
    info = NAMES[name]
    if info.is_file:
        return _parse_file(text)
    parts = _FORM.fullmatch(text)
    if parts is None or not info.accepts(parts["value"]):
        raise SpecError(f"perturbation {text}: write {name}:VALUE, where VALUE is {info.values()}")
    if parts["seed"] and not _draws(info, parts["value"]):
        raise SpecError(f"perturbation {text}: it is not random; leave out seed{parts['seed']}")
    return _perturbation(name, parts["value"], parts)


def _parse_file(text: str) -> Perturbation:
    """Parse `paraphrase:FILE`, or the form in records, whose file is then unknown."""
    if (written := _FILE.fullmatch(text)) and (file := Path(with_home(written["value"]))).exists():
        return _perturbation(PARAPHRASE, hashed_name(file, _read(file)), written, str(file))
    if recorded := _HASHED_FILE.fullmatch(text):
        return _perturbation(PARAPHRASE, recorded["value"], recorded)
    found = f"{written['value']} does not exist; " if written else ""
    raise SpecError(f"perturbation {text}: {found}write {PARAPHRASE}:FILE, a table of paraphrases")


def _perturbation(name: str, value: str, parts: re.Match[str], file: str = "") -> Perturbation:
    role: Literal["", "query", "corpus"] = (
        "query" if parts["role"] == "query" else "corpus" if parts["role"] else ""
    )
    return Perturbation(name, value, role, int(parts["seed"] or 0), file)


def _read(file: Path) -> bytes:
    try:
        return read_regular(file)
    except OSError as error:
        raise SpecError(
            f"{PARAPHRASE}:{file}: the file cannot be read: {error.strerror}"
        ) from error


def hashed_name(file: Path, data: bytes) -> str:
    """Return the name of a file without folder and ending, with a hash: `captions-3fa9c2d1`."""
    stem = re.sub(r"[^\w.-]", "_", file.stem)[:_LONGEST]
    return f"{stem}-{blake2b(data, digest_size=4).hexdigest()}"


def _draws(info: PerturbationName, value: str) -> bool:
    """Return whether a perturbation is random; of the options, only the shuffled ones are."""
    return info.is_random and (info.changes != "options" or value == "shuffle")


def as_text(perturbation: Perturbation) -> str:
    """Return a perturbation as it is recorded: `noise:3:corpus`."""
    return _joined(perturbation, perturbation.value)


def as_written(perturbation: Perturbation) -> str:
    """Return a perturbation as it is written in commands, with the path of its file if known."""
    return _joined(perturbation, perturbation.file or perturbation.value)


def _joined(perturbation: Perturbation, value: str) -> str:
    seed = f"seed{perturbation.seed}" if perturbation.seed else ""
    return ":".join(filter(None, [perturbation.name, value, perturbation.role, seed]))


def name_suffix(perturbation: Perturbation) -> str:
    """Return the end of the name of a perturbed task: `+noise-3`."""
    return f"+{as_text(perturbation).replace(':', '-')}"


def split_task(name: str) -> tuple[str, str]:
    """Split TASK+SUFFIX at the last plus, or before `+paraphrase:FILE`, whose path may have one.

    The suffix is "" for a name without a plus.
    """
    base, mark, file = name.partition(f"+{PARAPHRASE}:")
    if mark:
        return base, f"{PARAPHRASE}:{file}"
    base, plus, suffix = name.rpartition("+")
    return (base, suffix) if plus else (name, "")
