"""Data sets on the Hugging Face hub, from the cache of the datasets library or downloaded.

Before `datasets` contacts the hub, one short request is sent: without a network the retries of
`datasets` take 23 seconds (measured with datasets 5.2).
"""

from __future__ import annotations

import multiprocessing
import re
from glob import escape
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmbench.data.readers.library.file_checks import load_checked, readable, split_of
from mmbench.data.readers.library.local import load_local
from mmbench.data.readers.library.names import library_name
from mmbench.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_REQUEST_SECONDS = 2.0  # limit for a connection, and for the time between two bytes
_ANSWER_SECONDS = 2.0  # limit for the whole response, including the name lookup
_COMMIT = re.compile("[0-9a-f]{40}")


class _Cached(NamedTuple):
    """A data set in the cache of `datasets`: its configuration, its version, and its commit."""

    config: str
    version: str
    commit: str


def open_dataset(
    root: Path | None, path: str, name: str | None, split: str | None, revision: str | None
) -> tuple[Dataset, dict[str, str]]:
    """Return a split of a data set, and its provenance.

    The data set is at `root`, else at `path` on disk, else at OWNER/NAME (`path`) on the hub.
    `name` is the configuration; `split` may be None (`chosen_split`). The provenance has the `path`
    and, for a data set on the hub, the commit as `revision`. Raises DataError and UnknownName (see
    `load_local` and `load_from_hub`).
    """
    local = root or Path(path)
    if root is None and not path:
        raise DataError(
            "no data set of the datasets library was given; give --data PATH, or set the data"
            " option `path` to OWNER/NAME or to a path"
        )
    if root is not None or local.exists():
        return load_local(local, name, split), {"path": str(local)}
    dataset, commit = load_from_hub(path, name, split, revision)
    return dataset, {"path": path, "revision": commit}


def load_from_hub(
    path: str, name: str | None, split: str | None, revision: str | None
) -> tuple[Dataset, str]:
    """Return a split of the data set OWNER/NAME as a `datasets.Dataset`, and its commit.

    A commit in the cache is used without a download. Otherwise the hub resolves the revision to a
    commit. If the hub cannot be reached and `revision` is None or main, the newest commit in the
    cache is used. Raises DataError.
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
    """Return the cached commits of a data set, the newest last.

    If `name` is given, only commits of this configuration are returned.
    """
    owner, slash, short = path.rpartition("/")
    folder = owner + slash.replace("/", "___") + library_name("camelcase_to_snakecase")(short)
    pattern = f"{escape(folder)}/{escape(name) if name else '*'}/*/*/dataset_info.json"
    infos = Path(library_name("HF_DATASETS_CACHE")).expanduser().glob(pattern)
    newest_last = sorted(infos, key=lambda info: info.stat().st_mtime)
    entries = [_Cached(*info.parent.parts[-3:]) for info in newest_last]
    return [entry for entry in entries if _COMMIT.fullmatch(entry.commit)]


def _exact(cached: list[_Cached], name: str | None, commit: str | None) -> _Cached | None:
    """Return the cache entry with this commit and configuration, or None.

    If `name` is None, only a configuration that is called "default" fits: the cache does not record
    which configuration is the default.
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
            f"no data set {label}: no file or folder has this name, the cache"
            f" {library_name('HF_DATASETS_CACHE')} has no copy, and {reason}, or give a local copy:"
            " --data FOLDER"
        )
    configs = sorted({entry.config for entry in entries})
    if len(configs) > 1:
        raise DataError(
            f"{path}: the cache has the configurations {', '.join(configs)}; choose one with the"
            " data option `name`"
        )
    return entries[-1]


def _from_cache(path: str, entry: _Cached, split: str | None) -> Dataset:
    with readable(f"{path} at {entry.commit}, in the cache"):
        builder = library_name("Cache")(
            dataset_name=path.split("/")[-1],
            repo_id=path,
            config_name=entry.config,
            version=entry.version,
            hash=entry.commit,
        )
        return split_of(builder, split, path)


def _ask(path: str, revision: str | None) -> str:
    """Return the commit that a revision refers to, from a single request to the hub.

    Raises ConnectionError, with the reason and advice, if the hub cannot be reached, and DataError
    if the hub refuses the request.
    """
    from huggingface_hub import HfApi, constants, errors

    # The thread is not joined: a name server that does not respond blocks for longer than the
    # request's own time limit, which does not cover the name lookup.
    ask = ThreadPool(1).apply_async(
        HfApi().dataset_info, (path,), {"revision": revision, "timeout": _REQUEST_SECONDS}
    )
    try:
        return str(ask.get(_ANSWER_SECONDS).sha)
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        lacks = isinstance(error, errors.RevisionNotFoundError)
        what = f"has no revision {revision!r}" if lacks else "does not exist or is not accessible"
        raise DataError(
            f"data set {constants.ENDPOINT}/datasets/{path} {what}; check the spelling, or type"
            " `hf auth login` if it is private or gated"
        ) from error
    except errors.HFValidationError as error:
        raise DataError(
            f"{path} is neither a file or folder nor the OWNER/NAME of a data set on the hub"
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise ConnectionError("HF_HUB_OFFLINE forbids requests to the hub; unset it") from error
    except (errors.HTTPError, OSError, ValueError, multiprocessing.TimeoutError) as error:
        raise ConnectionError(
            f"{constants.ENDPOINT} cannot be reached ({type(error).__name__}); connect to a network"
        ) from error
