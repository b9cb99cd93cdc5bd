"""`mmbench cache`: list or remove the journals, which cache the outputs of models."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from os import stat_result
from pathlib import Path

from mmbench.cli.output.terminal import screen_width, show, table
from mmbench.storage.cache_errors import cache_errors
from mmbench.storage.journal.folders import journal_root, read_name, remove
from mmbench.text import count, plain

_KEY = 12  # characters of a folder's name that are shown


def command(args: argparse.Namespace) -> int:
    """Print the journals with their sizes and ages, or delete the journals that no run uses."""
    root = journal_root()
    with cache_errors(root):
        journals = sorted(path for path in root.glob("*") if path.is_dir())
    if args.action == "prune" and args.older_than is not None:
        journals = [path for path in journals if _age(path) > args.older_than]
    total, in_use = 0, 0
    rows = [["journal", "MB", "days", "model"]]
    for path in journals:
        size = sum(file.st_size for file in _files(path, "*.segment"))
        row = [path.name[:_KEY], f"{size / 1e6:.1f}", f"{_age(path):.1f}", _model(path)]
        if args.action == "prune" and not remove(path):
            row[-1] += " (in use by a run)"
            in_use += 1
        else:
            total += size
        rows.append(row)
    show(table(rows, {0, 3}, screen_width(sys.stdout)) if journals else [])
    action = "pruned" if args.action == "prune" else "held"
    in_use_note = f", {count(in_use, 'journal')} in use not removed" if in_use else ""
    number = count(len(journals) - in_use, "journal")
    show([f"{action}: {number}, {total / 1e6:.1f} MB in {root}{in_use_note}"])
    return 0


def _age(journal: Path) -> float:
    """Return the number of days since the journal was last used."""
    newest = max((file.st_mtime for file in _files(journal, "*")), default=time.time())
    return (time.time() - newest) / 86400


def _files(journal: Path, pattern: str) -> Iterator[stat_result]:
    for file in journal.rglob(pattern):
        try:
            yield file.stat()
        except FileNotFoundError:  # a run has just removed it
            continue


def _model(journal: Path) -> str:
    return plain(read_name(journal), 100)
