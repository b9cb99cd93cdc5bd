"""`mmbench show`: all about one model, task, metric or run."""

from __future__ import annotations

import argparse
import inspect

import msgspec

from mmbench import registry, store
from mmbench.cli.json_output import write_json
from mmbench.text import plain


def command(args: argparse.Namespace) -> int:
    """Print what is known under the name."""
    if args.what == "run":
        record = store.find_record(args.out, args.name)
        write_json(store.encode(record))
        return 0
    lines = {"model": _model, "task": _task, "metric": _metric}[args.what](args)
    print("\n".join(map(_printable, lines)))
    return 0


def _printable(line: str) -> str:
    """Return a line that is safe to print, with its indentation."""
    text = line.lstrip(" ")
    return " " * (len(line) - len(text)) + plain(text, 2000)


def _task(args: argparse.Namespace) -> list[str]:
    import yaml

    from mmbench.spec import load_task

    spec = load_task(args.name, args.tasks)
    values = {k: v for k, v in msgspec.to_builtins(spec).items() if v not in ("", [], {})}
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100).splitlines()


def _metric(args: argparse.Namespace) -> list[str]:
    name = args.name
    listed = name in registry.names("metric")
    function = registry.lookup("metric", name) if listed else registry.metric(name)[0]
    return [name, "", *_doc(function)]


def _model(args: argparse.Namespace) -> list[str]:
    cls = registry.lookup("model", args.name)
    hidden = {"self", "folder", "device", "dtype"}
    options = [str(p) for n, p in inspect.signature(cls).parameters.items() if n not in hidden]
    return [
        args.name,
        f"modalities: {', '.join(sorted(cls.modalities))}",
        f"default checkpoint: {getattr(cls, 'default_checkpoint', None) or 'none'}",
        f"options: {', '.join(options) or 'none'}",
        "",
        *_doc(cls),
    ]


def _doc(thing: object) -> list[str]:
    return (inspect.getdoc(thing) or "").splitlines()
