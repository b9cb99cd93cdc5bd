"""Rubrics: YAML files that tell a judge how to grade one answer, or how to compare two.

A rubric is looked up by name in `./rubrics`, then among the packaged rubrics; a name that ends in
.yaml is a path. A file is data only.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from msgspec import Struct, structs

from mmbench.errors import SpecError, UnknownName, UserError
from mmbench.metrics.judges.scale import Scale, check_scale, label_fault
from mmbench.metrics.judges.yaml_lines import line_of, repeated_key
from mmbench.spec import packaged_files, read_yaml
from mmbench.storage.content_keys import digest
from mmbench.storage.file_names import name_fault
from mmbench.text import with_home
from mmbench.types import GenerationConfig, Modality
from mmbench.validation.named_values import as_struct
from mmbench.validation.safe_parse import encode_json

FRAME = 1  # the version of the texts that `prompt.py` adds to a rubric
SLOT = re.compile(r"\{(\w+)\}")
_OPTIONAL_SLOTS = ("question", "context", "references")
_ANSWER_SLOTS = {"score": ("answer",), "pairwise": ("answer_a", "answer_b")}
_VALUE_KEYS = {"score": "score", "pairwise": "preferred"}
_SUFFIXES = (".yaml", ".yml")  # a name with one of these is a path
_MEDIA = ("image", "audio", "video")


class VerdictKeys(Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of the JSON object that a judge writes.

    `value` is the key of the score or of the preferred answer; "" stands for `score` in a rubric of
    kind `score` and for `preferred` in a pairwise rubric. `reason` is the key of the explanation.
    """

    value: str = ""
    reason: str = "reason"


class Rubric(Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of a rubric file.

    `prompt` has the slots {answer}, or {answer_a} and {answer_b} if `kind` is `pairwise`, and
    optionally {question}, {context} and {references}. `media` are the modalities of the sample that
    the judge sees. `scale` is the scale of the score; a pairwise rubric has none. `max_tokens` is
    the token limit of a verdict. Decoding is greedy.
    """

    name: str
    prompt: str
    version: int = 1
    kind: Literal["score", "pairwise"] = "score"
    summary: str = ""
    media: tuple[Modality, ...] = ()
    scale: Scale = Scale()
    verdict: VerdictKeys = VerdictKeys()
    max_tokens: int = 512

    @property
    def slots(self) -> frozenset[str]:
        """The names of the slots in the prompt."""
        return frozenset(SLOT.findall(self.prompt))

    @property
    def value_key(self) -> str:
        """The JSON key of the score or of the preferred answer."""
        return self.verdict.value or _VALUE_KEYS[self.kind]

    @property
    def reason_key(self) -> str:
        """The JSON key of the explanation."""
        return self.verdict.reason

    @property
    def generation(self) -> GenerationConfig:
        """The generation settings of the judge: greedy, with the token limit of the rubric."""
        return GenerationConfig(max_tokens=self.max_tokens)

    @property
    def signature(self) -> str:
        """The rubric in signatures: name, version, a hash of what the judge is told, and settings.

        The summary is not part of the hash.
        """
        content = digest("rubric", str(FRAME), encode_json(structs.replace(self, summary="")))
        return (
            f"rubric={self.name}/{self.version}#{content.hex()[:8]},greedy,tokens={self.max_tokens}"
        )


def rubric_files() -> dict[str, Path]:
    """Return the files of the rubrics that have a name, those in `./rubrics` first."""
    own = {path.stem: path for path in sorted(Path("rubrics").glob("*.yaml"))}
    return {**packaged_files("rubrics"), **own}


def load_rubric(name: str) -> Rubric:
    """Load a rubric by name or path.

    Raises UnknownName for an unknown rubric, SpecError with file and line for an invalid file,
    and for a file with the name of another rubric.
    """
    path = rubric_path(name)
    rubric = read_rubric(path)
    if not name.endswith(_SUFFIXES):
        check_name(rubric, name, path)
    return rubric


def check_name(rubric: Rubric, name: str, path: Path) -> None:
    """Raise SpecError with file and line unless the rubric in the file `path` has this name."""
    if rubric.name != name:
        message = f"{path}: name must be {name}, not {rubric.name}"
        raise SpecError(f"{message}{line_of(path, message)}")


def rubric_path(name: str) -> Path:
    """Return the file of a rubric by name or path.

    Raises UnknownName for an unknown name, SpecError for a file that does not exist.
    """
    if name.endswith(_SUFFIXES):
        path = Path(with_home(name))
        if not path.is_file():
            raise SpecError(f"{name}: no such rubric file")
        return path
    files = rubric_files()
    if name not in files:
        hint = "`mmbench list rubrics` shows all; a new one is a file rubrics/NAME.yaml"
        raise UnknownName("rubric", name, files, hint)
    return files[name]


def read_rubric(path: Path) -> Rubric:
    """Read a rubric file. Raises SpecError with the line of an invalid value."""
    raw = read_yaml(path)
    raw.setdefault("name", path.stem)
    if repeated := repeated_key(path):
        raise SpecError(f"{path}: {repeated}")
    try:
        if fault := label_fault(raw.get("scale")):
            raise SpecError(f"{path}: {fault}")
        rubric = as_struct(raw, Rubric, str(path))
        _check(rubric, str(path), "scale" in raw)
    except UserError as error:
        raise SpecError(f"{error}{line_of(path, str(error))}") from error
    return rubric


def _check(rubric: Rubric, where: str, has_scale: bool) -> None:
    if fault := name_fault(rubric.name):
        raise SpecError(f"{where}: name is no valid rubric name: {fault}")
    if rubric.version < 1 or rubric.max_tokens < 1:
        key = "version" if rubric.version < 1 else "max_tokens"
        raise SpecError(f"{where}: {key} must be at least 1")
    _check_slots(rubric, where)
    if "text" in rubric.media or len(set(rubric.media)) < len(rubric.media):
        raise SpecError(f"{where}: media must be a list of {', '.join(_MEDIA)}, each at most once")
    if rubric.value_key == rubric.reason_key:
        raise SpecError(f"{where}: verdict has one key for value and reason; give two keys")
    if rubric.kind == "pairwise" and has_scale:
        raise SpecError(
            f"{where}: scale is not a key of pairwise rubrics, whose verdict is A, B or tie"
        )
    if rubric.kind == "score":
        check_scale(rubric.scale, where)


def _check_slots(rubric: Rubric, where: str) -> None:
    needed = _ANSWER_SLOTS[rubric.kind]
    known = (*needed, *_OPTIONAL_SLOTS)
    for slot in sorted(rubric.slots - set(known)):
        raise UnknownName(f"slot of the prompt of {where}", slot, known)
    for slot in needed:
        if rubric.prompt.count(f"{{{slot}}}") != 1:
            raise SpecError(f"{where}: prompt must have the slot {{{slot}}} exactly once")
