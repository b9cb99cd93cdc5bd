"""Data sets of the Hugging Face hub: from the cache of the datasets library, else downloaded.

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
    """The place of a data set in the cache of `datasets`: configuration, version and commit."""

    config: str
    version: str
    commit: str


def open_dataset(
    root: Path | None, path: str, name: str | None, split: str, revision: str | None
) -> tuple[Dataset, dict[str, str]]:
    """Return a split of the data set at `root`, else at `path` on disk, else OWNER/NAME on the hub.

    Also return its provenance: the path, and for the hub the commit as `revision`. Raises
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
    """Return a split of the data set OWNER/NAME as a `datasets.Dataset`, and its commit.

    A cached commit is used without a download. Otherwise the hub resolves the revision to a commit;
    if the hub cannot be reached, the newest cached commit is used for None and for main. Raises
    DataError.
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
    """Return the cached commits of a data set, the newest last."""
    owner, slash, short = path.rpartition("/")
    folder = owner + slash.replace("/", "___") + library_name("camelcase_to_snakecase")(short)
    pattern = f"{escape(folder)}/{escape(name) if name else '*'}/*/*/dataset_info.json"
    infos = Path(library_name("HF_DATASETS_CACHE")).expanduser().glob(pattern)
    newest_last = sorted(infos, key=lambda info: info.stat().st_mtime)
    entries = [_Cached(*info.parent.parts[-3:]) for info in newest_last]
    return [entry for entry in entries if _COMMIT.fullmatch(entry.commit)]


def _exact(cached: list[_Cached], name: str | None, commit: str | None) -> _Cached | None:
    """Return the cached entry of this commit and configuration, or None.

    The cache does not say which of several configurations is the default, unless one has that name.
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
    """Ask the hub once which commit a revision is.

    Raises ConnectionError, with the reason and advice, where it cannot be reached, and DataError
    where it refuses.
    """
    from huggingface_hub import HfApi, constants, errors

    # In a thread that is not joined: a name server that does not answer blocks for longer than
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
