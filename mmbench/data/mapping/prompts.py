"""Class names and prompt templates from the installed package clip-benchmark.

CLIP_benchmark evaluates zero-shot classification with these class names and templates
(LAION-AI/CLIP_benchmark clip_benchmark/datasets/en_classnames.json and
en_zeroshot_classification_templates.json). The files are read; the package is not imported, so its
dependencies need not be installed.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from msgspec.structs import replace

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.json_files import decode_json
from mmbench.datasets import Samples
from mmbench.errors import DataError, Missing, UnknownName
from mmbench.text import count

_NAMES, _TEMPLATES = "en_classnames.json", "en_zeroshot_classification_templates.json"


def with_templates(data: Samples, prompts: str, source: Path, *, spaces: bool = False) -> Samples:
    """Return the data with the prompt templates that clip-benchmark has for a data set.

    `prompts` is the name of the data set there ("cifar10"); if it is "", the data are returned
    unchanged. If the package has class names for the data set ("imagenet1k"), they become the
    labels, in order. With `spaces`, underscores in the data's own class names become spaces.

    Raises Missing if the package is not installed, UnknownName for a data set without templates,
    and DataError if the data and the package have different numbers of classes; its message names
    `source`.
    """
    if spaces:
        data = replace(data, labels=[name.replace("_", " ") for name in data.labels])
    if not prompts:
        return data
    known = _read(_TEMPLATES)
    if prompts not in known:
        raise UnknownName("prompts of clip-benchmark", prompts, known, "see data option `prompts`")
    names = _read(_NAMES).get(prompts, data.labels)
    if len(names) != len(data.labels):
        raise DataError(
            f"{source} has {count(len(data.labels), 'class')}, but {prompts} has {len(names)} in"
            " clip-benchmark; give the names of classes without samples too, or add their empty"
            " folders"
        )
    return replace(data, labels=names, templates=known[prompts])


def _read(name: str) -> dict[str, list[str]]:
    file = _folder() / name
    return decode_json(read_file(file), dict[str, list[str]], file)


def _folder() -> Path:
    spec = find_spec("clip_benchmark")
    if spec is None:
        raise Missing(
            "class names and prompts come from the package clip-benchmark; type"
            " pip install --no-deps clip-benchmark"
        )
    if not spec.submodule_search_locations:
        raise DataError(f"{spec.origin} is not the package clip-benchmark; remove it")
    return Path(spec.submodule_search_locations[0], "datasets")
