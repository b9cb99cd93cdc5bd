"""`mmbench cache`: what the journals hold, and making room."""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from mmbench.contents import cache_folder
from mmbench.text import printable


def command(args: argparse.Namespace) -> int:
    """Show the journals with their size and age, or delete them."""
    root = cache_folder() / "journal"
    journals = sorted(path for path in root.glob("*") if path.is_dir())
    if args.action == "prune" and args.older_than is not None:
        journals = [path for path in journals if _age(path) > args.older_than]
    total = 0
    for path in journals:
        size = sum(file.stat().st_size for file in path.rglob("*.segment"))
        total += size
        line = f"{path.name}  {size / 1e6:10.1f} MB  {_age(path):6.1f} days  {_model(path)}"
        print(printable(line))
        if args.action == "prune":
            shutil.rmtree(path)
    done = "pruned" if args.action == "prune" else "held"
    print(f"{done}: {len(journals)} journals, {total / 1e6:.1f} MB in {root}")
    return 0


def _age(journal: Path) -> float:
    """Days since the journal was last written."""
    newest = max((file.stat().st_mtime for file in journal.rglob("*")), default=0.0)
    return (time.time() - newest) / 86400


def _model(journal: Path) -> str:
    name = journal / "model.txt"
    return name.read_text(encoding="utf-8").strip() if name.is_file() else ""
