"""Data sets of the Hugging Face hub: from the cache of the datasets library, else downloaded.

The hub is asked one question of our own before `datasets` asks anything: without a network its
retries take 23 seconds (measured with datasets 5.2).
"""

from __future__ import annotations

import multiprocessing
import re
from glob import escape
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmbench.data.readers.library.file_checks import load_checked, readable
from mmbench.data.readers.library.local import load_local
from mmbench.data.readers.library.names import library_name
from mmbench.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_REQUEST_SECONDS = 2.0  # a connection, or a silence between two bytes
_ANSWER_SECONDS = 2.0  # all of the answer, name lookup included
_COMMIT = re.compile("[0-9a-f]{40}")


class _Cached(NamedTuple):
    """Where `datasets` keeps a data set: below its configuration, a version and the commit."""

    config: str
    version: str
    commit: str


def open_dataset(
    root: Path | None, path: str, name: str | None, split: str, revision: str | None
) -> tuple[Dataset, dict[str, str]]:
    """A split of the data set at `root`, else at `path` on disk, else OWNER/NAME on the hub.

    With it comes where it is from: the path, and of the hub the commit as `revision`. Raises
    DataError, UnknownName as `load_local` and `load_from_hub` do.
    """
    local = root or Path(path)
    if root is None and not path:
        raise DataError(
            "no data set of the datasets library was given: give --data PATH, or set the data"
            " option `path` to OWNER/NAME or to a path"
        )
    if root is not None or local.exists():
        return load_local(local, name, split), {"path": str(local)}
    dataset, commit = load_from_hub(path, name, split, revision)
    return dataset, {"path": path, "revision": commit}


def load_from_hub(
    path: str, name: str | None, split: str, revision: str | None
) -> tuple[Dataset, str]:
    """A split of the data set OWNER/NAME as a `datasets.Dataset`, and the commit it is of.

    A commit that is in the cache is taken from there. Else the hub says which commit the revision
    is; where it cannot be reached, the newest in the cache serves for None and for main.
    Raises DataError.
    """
    commit = revision if revision and _COMMIT.fullmatch(revision) else None
    cached = _in_cache(path, name)
    chosen = _exact(cached, name, commit)
    if chosen is None:
        try:
            commit = _ask(path, revision)
            chosen = _exact(cached, name, commit)
        except ConnectionError as error:
            chosen = _offline(cached, path, revision, commit, str(error))
    if chosen is not None:
        return _from_cache(path, chosen, split), chosen.commit
    with readable(f"{path} at {commit}"):
        return load_checked(path, name, split, revision=commit), str(commit)


def _in_cache(path: str, name: str | None) -> list[_Cached]:
    """What the cache has of a data set, the newest last."""
    owner, slash, short = path.rpartition("/")
    folder = owner + slash.replace("/", "___") + library_name("camelcase_to_snakecase")(short)
    pattern = f"{escape(folder)}/{escape(name) if name else '*'}/*/*/dataset_info.json"
    infos = Path(library_name("HF_DATASETS_CACHE")).expanduser().glob(pattern)
    newest_last = sorted(infos, key=lambda info: info.stat().st_mtime)
    entries = [_Cached(*info.parent.parts[-3:]) for info in newest_last]
    return [entry for entry in entries if _COMMIT.fullmatch(entry.commit)]


def _exact(cached: list[_Cached], name: str | None, commit: str | None) -> _Cached | None:
    """The cached one of this commit and configuration.

    Which configuration of several is the default is not in the cache, but if one is named so.
    """
    identity = (name or "default", commit)
    return next((entry for entry in cached if (entry.config, entry.commit) == identity), None)


def _offline(
    cached: list[_Cached], path: str, revision: str | None, commit: str | None, reason: str
) -> _Cached:
    entries = [entry for entry in cached if commit in (None, entry.commit)]
    if not entries or (commit is None and revision not in (None, "main")):
        label = f"{path} (revision {revision})" if revision else path
        raise DataError(
            f"no data set {label}: no file or folder of that name, not in the cache"
            f" {library_name('HF_DATASETS_CACHE')}, and {reason}; or give a local copy:"
            " --data FOLDER"
        )
    configs = sorted({entry.config for entry in entries})
    if len(configs) > 1:
        raise DataError(
            f"{path}: the cache has the configurations {', '.join(configs)}: say which with the"
            " data option `name`"
        )
    return entries[-1]


def _from_cache(path: str, entry: _Cached, split: str) -> Dataset:
    with readable(f"{path} at {entry.commit}, in the cache"):
        builder = library_name("Cache")(
            dataset_name=path.split("/")[-1],
            repo_id=path,
            config_name=entry.config,
            version=entry.version,
            hash=entry.commit,
        )
        return builder.as_dataset(split=split)


def _ask(path: str, revision: str | None) -> str:
    """Ask the hub, once, which commit a revision is.

    Raises ConnectionError where it cannot be reached, saying why and what to do, and DataError
    where it says no.
    """
    from huggingface_hub import HfApi, constants, errors

    # In a thread that nothing waits for: a name server that does not answer blocks for longer than
    # the request's own limit, which does not cover the lookup of the name.
    ask = ThreadPool(1).apply_async(
        HfApi().dataset_info, (path,), {"revision": revision, "timeout": _REQUEST_SECONDS}
    )
    try:
        return str(ask.get(_ANSWER_SECONDS).sha)
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        lacks = isinstance(error, errors.RevisionNotFoundError)
        what = f"has no revision {revision!r}" if lacks else "is not there, or not for you"
        raise DataError(
            f"data set {constants.ENDPOINT}/datasets/{path} {what}: check the spelling, or type"
            " `hf auth login` if it is private or gated"
        ) from error
    except errors.HFValidationError as error:
        raise DataError(
            f"{path}: no such file or folder, and not the OWNER/NAME of a data set on the hub"
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise ConnectionError("HF_HUB_OFFLINE forbids asking the hub: unset it") from error
    except (errors.HTTPError, OSError, ValueError, multiprocessing.TimeoutError) as error:
        raise ConnectionError(
            f"{constants.ENDPOINT} cannot be reached ({type(error).__name__}): connect to a network"
        ) from error
