"""Settings of sentence-transformers: the pooling of token vectors, the length, lower case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mmbench.errors import ModelError
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    from torch import Tensor

Pooling = Literal["mean", "cls", "max"]

# The flags in 1_Pooling/config.json; newer versions write `pooling_mode` instead.
_FLAGS: dict[str, Pooling] = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
}


class SentenceSettings(NamedTuple):
    """How sentences are embedded.

    `folder` is the subfolder with the model, "" for the folder itself. `max_length` is the maximum
    number of tokens, None for that of the tokenizer.
    """

    folder: str = ""
    pooling: Pooling = "mean"
    max_length: int | None = None
    lower_case: bool = False


def sentence_settings(folder: Path) -> SentenceSettings:
    """Read the settings of a folder of sentence-transformers; the defaults for another folder.

    A folder has modules.json, a list of modules: Transformer, Pooling, and perhaps Normalize.
    Raises ModelError for invalid files, for other modules, and for other forms of pooling.
    """
    if not (folder / "modules.json").is_file():
        return SentenceSettings()
    settings = SentenceSettings()
    for module in read_settings(folder / "modules.json", list[dict[str, Any]]):
        kind, path = str(module.get("type")).rpartition(".")[2], str(module.get("path", ""))
        if ".." in Path(path).parts or Path(path).is_absolute():
            raise ModelError(f"{folder / 'modules.json'} names {path!r}, outside its folder")
        if kind == "Transformer":
            settings = settings._replace(folder=path, **_lengths(folder / path))
        elif kind == "Pooling":
            settings = settings._replace(pooling=_pooling(folder / path / "config.json"))
        elif kind != "Normalize":  # embeddings may have any length
            raise ModelError(
                f"checkpoint {folder} has a module {kind} of sentence-transformers; text-encoder"
                " knows Transformer, Pooling and Normalize"
            )
    return settings


def pool(vectors: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """Pool the vectors [n, t, d] of tokens to vectors [n, d] of sentences; `mask` [n, t] is 0 for
    padding.
    """
    if pooling == "cls":
        return vectors[:, 0]
    own = mask[..., None]
    if pooling == "max":
        return vectors.masked_fill(own == 0, float("-inf")).max(dim=1).values
    return (vectors * own).sum(dim=1) / own.sum(dim=1).clamp(min=1)


def _lengths(folder: Path) -> dict[str, Any]:
    """Return the settings in sentence_bert_config.json, which has older names of other models."""
    for file in sorted(folder.glob("sentence_*_config.json")):
        content = read_settings(file, dict[str, Any])
        length = content.get("max_seq_length")
        return {
            "max_length": length if isinstance(length, int) and length > 0 else None,
            "lower_case": content.get("do_lower_case") is True,
        }
    return {}


def _pooling(file: Path) -> Pooling:
    content = read_settings(file, dict[str, Any])
    chosen = list(_chosen(content))
    known = [pooling for pooling in _FLAGS.values() if chosen == [pooling]]
    if not known:
        raise ModelError(
            f"{file} asks for the pooling {' and '.join(chosen) or 'none'}; text-encoder knows"
            " mean, cls and max"
        )
    return known[0]


def _chosen(content: dict[str, Any]) -> Iterator[str]:
    mode = content.get("pooling_mode")
    if mode is not None:
        yield from [mode] if isinstance(mode, str) else map(str, mode)
        return
    for name, value in content.items():
        if name.startswith("pooling_mode_") and value is True:
            yield _FLAGS.get(name, name.removeprefix("pooling_mode_"))


def read_settings(file: Path, kind: Any) -> Any:
    """Read a file of settings. Raises ModelError if it is invalid."""
    try:
        return parse_json(read_regular(file), kind)
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} is not a valid file of sentence-transformers: {error}") from error
