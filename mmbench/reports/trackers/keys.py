"""Names that Weights & Biases and MLflow accept for metrics, parameters and runs.

- W&B: a metric that does not match `[_a-zA-Z][_a-zA-Z0-9]*` cannot be sorted or filtered in the web
  app; a slash separates the section of the chart from its name (docs.wandb.ai/models/track/log). A
  run id must not contain `/ \\ # ? % :` (docstring of `wandb.init`).
- MLflow: metrics, parameters and tags contain only letters, digits, `_`, `-`, `.`, spaces, slashes
  and, except on Windows, colons; at most 250 characters; and they are normal relative paths
  (`mlflow/utils/validation.py`, 3.17).

Keys of the form `SECTION/NAME` in ASCII letters, digits and underscores are valid in both.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from mmbench.text import repeated

_WORDS = {"@": "_at_", "%": "_percent_"}
_LONGEST = 100  # characters of a section or a name; two of them are below MLflow's limit
_DIGEST = 6  # hexadecimal digits that distinguish names with equal keys
_LONGEST_ID = 120  # W&B's limit for ids is 128


def key_part(name: str) -> str:
    """Return a name as part of a key: `recall@1[text-to-image]` → `recall_at_1_text_to_image`.

    `@` becomes `at`, `%` becomes `percent`, and every other run of characters that are not ASCII
    letters or digits becomes one underscore. A name with other letters or digits, such as Chinese
    ones, and a name that is too long end with a digest of the name.
    """
    text = "".join(_WORDS.get(char, char) for char in name)
    part = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    if not part or part[0].isdigit():
        part = f"_{part}"
    is_ambiguous = any(char.isalnum() and not char.isascii() for char in name) or part == "_"
    return _with_digest(part, name) if is_ambiguous or len(part) > _LONGEST else part


def unique_keys(section: str, names: Iterable[str]) -> dict[str, str]:
    """Return {name: key} with keys `SECTION/NAME`.

    If several names have the same key, each of their keys ends with a digest of its name.
    """
    parts = {name: key_part(name) for name in names}
    shared = set(repeated(parts.values()))
    return {
        name: f"{key_part(section)}/{_with_digest(part, name) if part in shared else part}"
        for name, part in parts.items()
    }


def run_key(run: str) -> str:
    """Return a run id that W&B accepts; ids of mmbench's own runs do not change.

    Records that other programs wrote may have any id.
    """
    if re.fullmatch(rf"[\w.-]{{1,{_LONGEST_ID}}}", run, re.ASCII):
        return run
    return _with_digest(re.sub(r"[^A-Za-z0-9.-]+", "_", run), run)


def _with_digest(part: str, name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{part[:_LONGEST].rstrip('_')}_{digest}"
