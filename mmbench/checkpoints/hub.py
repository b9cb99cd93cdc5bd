"""Checkpoints on the Hugging Face hub: read from the local cache, or else downloaded.

A cached checkpoint needs no request. For any other checkpoint, one request with a short timeout
gets the list of files from the hub, and then the files are downloaded.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path

from mmbench.checkpoints.layouts import (
    OPEN_CLIP,
    PIPELINE,
    accepts,
    check_folder,
    check_shards,
    pipeline_parts,
)
from mmbench.errors import ModelError
from mmbench.text import count

# Files read from a hub repository: its top level only (subfolders hold other frameworks' copies).
_SMALL = ("*.json", "*.txt", "*.model", "*.jinja", "*.py")

_BELOW = "*/*"

# Copies in other precisions (fp16) and single files with all parts at the top are not read.
_PARTS = [*_SMALL, "*/*.safetensors"]

_NOT_PARTS = ["*/*/*", "*.fp16*", "*.bf16*", "*.non_ema.*"]

_LAYOUTS = {"model.safetensors": "model-*.safetensors", "pytorch_model.bin": "pytorch_model-*.bin"}

_REQUEST_SECONDS = 3.0  # limit for a connection, and for the time between two bytes

_ANSWER_SECONDS = 3.5  # limit for the whole response, including the name lookup


def cached_commit(name: str | None) -> str:
    """Return the cached commit of a hub id (OWNER/NAME), or "" if the id is not in the cache."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE, f"models--{(name or '').replace('/', '--')}")
    file = folder / "refs" / "main"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def cached_folder(
    name: str, revision: str | None, takes: Sequence[str], requires: str = ""
) -> Path | None:
    """Return the cache folder of a hub id (OWNER/NAME), or None if files are missing.

    `takes` lists the checkpoint files that the model's class needs (`layouts.accepts`), and
    `requires` names a configuration file that the repository must also contain. Raises ModelError
    if `name` is not a valid hub id.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for patterns in _layouts(takes):
        try:
            folder = Path(
                snapshot_download(
                    name,
                    revision=revision,
                    local_files_only=True,
                    allow_patterns=patterns,
                    ignore_patterns=None if takes else _BELOW,
                )
            )
        except HFValidationError as error:
            raise ModelError(f"{name!r} is neither a folder nor a hub id (OWNER/NAME)") from error
        except LocalEntryNotFoundError:
            continue
        if _complete(folder, takes, requires):
            return folder
    return None


def _layouts(takes: Sequence[str]) -> list[list[str]]:
    """Return the file patterns of each supported weight layout, the preferred layout first."""
    if takes:
        by_name = [[one] for one in takes if not one.startswith(".") and not set(one) & {*"*?["}]
        return [[*_SMALL, *(f"*{one}*" for one in ones)] for ones in (*by_name, takes)]
    return [[*_SMALL, whole, shards] for whole, shards in _LAYOUTS.items()]


def _complete(folder: Path, takes: Sequence[str], requires: str) -> bool:
    """Return whether a cached snapshot is complete.

    `takes` lists these files (`layouts.accepts`). A snapshot is incomplete if another program
    downloaded only some of the files.
    """
    if requires and not (folder / requires).is_file():
        return False
    try:
        if not takes and (parts := pipeline_parts(folder)):
            return all(_has_weights(part) for part in parts)
        check_folder(folder, takes)
        return bool(takes) or (folder / "config.json").is_file()
    except ModelError:
        return False


def _has_weights(part: Path) -> bool:
    """Return whether the folder `part`, a component of a diffusers pipeline, has all its weights.

    A component without config.json needs no weights.
    """
    for index in part.glob("*.safetensors.index.json"):
        check_shards(index)
    return not (part / "config.json").is_file() or any(part.glob("*.safetensors"))


def download(
    name: str,
    revision: str | None,
    takes: Sequence[str],
    requires: str = "",
    *,
    explain: Callable[[str, str | None, Exception], str] | None = None,
) -> Path:
    """Download the files of a hub id (OWNER/NAME) and return their folder.

    Raises ModelError with the message of `explain`, which by default is that of a missing
    checkpoint.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError

    try:
        patterns, ignored = _file_patterns(name, _listing(name, revision), takes, requires)
        # Not by commit, so that the cache records the commit that the name refers to.
        folder = snapshot_download(
            name, revision=revision, allow_patterns=patterns, ignore_patterns=ignored
        )
    except (HTTPError, OSError, ValueError, multiprocessing.TimeoutError) as error:
        raise ModelError((explain or _explain)(name, revision, error)) from error
    if not _complete(Path(folder), takes, requires):
        raise ModelError(
            f"the download of {name} into {folder} is incomplete; run the same command again"
        )
    return Path(folder)


def linked_folder(name: str, what: str, takes: Sequence[str]) -> Path:
    """Return the folder of files that a configuration names by a folder or a hub id.

    `takes` lists the files (`layouts.accepts`), and `what` describes them in the error, such as
    "tokenizer". A hub id is downloaded if it is not in the cache. Raises ModelError, within five
    seconds without a network.
    """
    if Path(name).is_dir():
        return Path(name)

    def explain(name: str, revision: str | None, error: Exception) -> str:  # noqa: ARG001
        advice = f"{_reason(name, error)}, then type `hf download {name}`"
        return f"the {what} {name} is not in the cache, and {advice}"

    return cached_folder(name, None, takes) or download(name, None, takes, explain=explain)


def _listing(name: str, revision: str | None) -> list[str]:
    """Return the names of the files in a hub repository, from a single request."""
    from huggingface_hub import HfApi

    # The thread is not joined: a name server that does not respond blocks for longer than the
    # request's own time limit, which does not cover the name lookup.
    ask = ThreadPool(1).apply_async(
        HfApi().model_info, (name,), {"revision": revision, "timeout": _REQUEST_SECONDS}
    )
    return [file.rfilename for file in ask.get(_ANSWER_SECONDS).siblings or []]


def _file_patterns(
    name: str, files: list[str], takes: Sequence[str], requires: str
) -> tuple[list[str], list[str]]:
    """Return the patterns of the files to download, and the patterns of the files to skip."""
    if requires and requires not in files:
        raise ModelError(
            f"{name} on the hub has no {requires} among its {count(len(files), 'file')};"
            " `mmbench list models` shows the adapters of other checkpoints"
        )
    if takes:
        return _patterns_by_class(name, files, takes)
    if PIPELINE in files:
        return _PARTS, _NOT_PARTS
    for whole, shards in _LAYOUTS.items():
        if whole in files or f"{whole}.index.json" in files:
            return [*_SMALL, whole, shards], [_BELOW]
    advice = f"; type openclip@{name}" if OPEN_CLIP in files else ""
    raise ModelError(
        f"{name} on the hub has no weights that transformers can load (looked for"
        f" {' and '.join(_LAYOUTS)} among its {count(len(files), 'file')}){advice}"
    )


def _patterns_by_class(
    name: str, files: list[str], takes: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the download patterns for a model class that lists its checkpoint files.

    The patterns match one checkpoint file and its companion files; no file is skipped. If several
    files fit, the first whole file name in `takes` decides. Raises ModelError if no whole name
    fits: a repository may hold one model in many precisions, and nothing says which precision is
    meant.
    """
    by_name = [file for file in takes if file in files]
    fit = by_name[:1] or sorted(file for file in files if accepts(takes, file))
    if len(fit) == 1:
        return [*_SMALL, f"{fit[0]}*"], []
    description, advice = f"that the model's class loads ({', '.join(takes)})", ""
    if fit:
        advice = "; download one of them and give its path"
    raise ModelError(f"{name} on the hub has {len(fit) or 'no'} files {description}{advice}")


def _explain(name: str, revision: str | None, error: Exception) -> str:
    """Return a one-line message for `error`: where the checkpoint was searched, the error, and
    advice.
    """
    from huggingface_hub import constants

    label = f"{name} (revision {revision})" if revision else name
    return (
        f"no checkpoint {label}: no folder has this name, the cache {constants.HF_HUB_CACHE} has"
        f" no complete copy, and {_reason(name, error)}, or give a local folder:"
        " NAME@FOLDER"
    )


def _reason(name: str, error: Exception) -> str:
    from huggingface_hub import constants, errors

    hub = constants.ENDPOINT
    if isinstance(error, errors.GatedRepoError):
        return f"it is gated; accept its terms at {hub}/{name}, then type `hf auth login`"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{hub}/{name} has no such revision; check the revision after #"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"{hub} has no such model; check the spelling, or type `hf auth login` if it is private"
        )
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE forbids requests to the hub; unset it"
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code
        advice = "type `hf auth login`" if status in (401, 403) else "try again later"
        return f"{hub} responded with status {status}; {advice}"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return f"the download from {hub} was interrupted; run the same command again to continue"
    if isinstance(error, (errors.HTTPError, multiprocessing.TimeoutError, ConnectionError)):
        return f"{hub} cannot be reached ({type(error).__name__}); connect to a network"
    if isinstance(error, OSError):
        return f"its files cannot be saved ({error}); check the disk and the cache folder"
    return f"{hub} did not respond like a hub; check HF_ENDPOINT and the network"
