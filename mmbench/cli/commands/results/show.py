"""`mmbench show`: the description of one model, recipe, task, group, metric, rubric or run."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from mmbench import metric_names, registry
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.metric_text import declaration
from mmbench.cli.output.terminal import display_width, screen_width, show, wrapped
from mmbench.cli.parser.options import find_runs
from mmbench.text import plain, printable
from mmbench.types import TaskSpec
from mmbench.validation.named_values import function_options

_UNFOLDED = 1 << 30  # a width at which YAML is not folded


def command(args: argparse.Namespace) -> int:
    """Print the description of the model, task, group, metric, rubric or run."""
    if args.what == "run":
        _run(args)
    elif args.what == "task":
        sys.stdout.write(task_yaml(args.name, args.tasks, screen_width(sys.stdout)))
    elif args.what == "recipe":
        show(_recipe(args.name))
    elif args.what == "group":
        show(_group(args.name, args.tasks))
    elif args.what == "rubric":
        show(_rubric(args.name))
    else:
        lines = {"model": _model, "metric": _metric}[args.what](args)
        for line in lines:
            show(wrapped(line, screen_width(sys.stdout), hang=0))
    return 0


def _recipe(name: str) -> list[str]:
    """Return the lines of the file of a recipe, which is checked."""
    from mmbench.engine.loading.models.model_ref import model_file, parse

    text = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
    parse(text)
    return _lines(model_file(text))


def _group(name: str, folders: Sequence[str]) -> list[str]:
    """Return the lines of the file of a group, which is checked."""
    from mmbench.task_groups import group_path, load_group

    load_group(name, folders)
    return _lines(group_path(name, folders))


def _rubric(name: str) -> list[str]:
    """Return the lines of the file of a rubric, which is checked."""
    from mmbench.metrics.judges.rubric import read_rubric, rubric_path

    path = rubric_path(name)
    read_rubric(path)
    return _lines(path)


def _lines(path: Path) -> list[str]:
    return [printable(line) for line in path.read_text("utf-8").splitlines()]


def _run(args: argparse.Namespace) -> None:
    from mmbench.cli.output.run_summary import run_summary

    (run,) = find_runs([args.name], args)
    if args.json:
        write_json(run.record)
    else:
        show(run_summary(run.record, screen_width(sys.stdout)))


def task_yaml(name: str, folders: Sequence[str], width: int | None = None) -> str:
    """Return a task as YAML that can be loaded again; long strings are folded at `width`."""
    from mmbench.spec import load_task, task_values

    values = task_values(load_task(name, folders))
    unset = msgspec.to_builtins(TaskSpec("", "", {}, {}, [], ""))
    empty: tuple[object, ...] = ("", [], {}, None)
    optional = {field.name for field in msgspec.structs.fields(TaskSpec) if not field.required}
    unset = {key: value for key, value in unset.items() if key in optional and value in empty}
    values = {key: v for key, v in values.items() if key not in unset or v != unset[key]}
    text = _dump(values, _UNFOLDED)
    if width is None:
        return text
    # PyYAML folds a line after the word that exceeds the width, so smaller widths are tried.
    attempts = (_dump(values, narrower) for narrower in range(width, width // 2, -4))
    fits = (
        one for one in attempts if all(display_width(line) <= width for line in one.splitlines())
    )
    return next(fits, text)


def _dump(values: dict[str, object], width: int) -> str:
    """Return values as YAML; strings that are not safe to print are escaped to ASCII.

    A string that GitHub Actions would interpret as a command gets an extra space.
    """
    import yaml

    text = str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=width))
    if all(printable(line) == line for line in text.splitlines()):
        return text
    return printable(str(yaml.safe_dump(values, sort_keys=False, width=width)))


def _metric(args: argparse.Namespace) -> list[str]:
    name = args.name
    forms = [name] if name in registry.names("metric") else metric_names.metric_forms(name)
    lines: list[str] = []
    for form in forms:
        names = metric_names.written_forms(form)
        declared = declaration(names, metric_names.metric_info(form))
        lines += ["", *declared, "", *_doc(registry.lookup("metric", form))]
    if lines:
        return lines[1:]
    function = metric_names.metric(name)[0]
    return [*declaration([name], metric_names.metric_info(name)), "", *_doc(function)]


def _model(args: argparse.Namespace) -> list[str]:
    cls = registry.lookup("model", args.name)
    options = list(_options(cls))
    return [
        args.name,
        f"modalities: {', '.join(sorted(cls.modalities))}",
        f"default checkpoint: {getattr(cls, 'default_checkpoint', None) or 'none'}",
        f"options (--model-arg): {', '.join(options) or 'none'}",
        "",
        *_doc(cls),
    ]


def _options(cls: Callable[..., object]) -> Iterator[str]:
    """Yield the options of a model with their defaults, as typed by a user: `prompt=null`."""
    for name, option in function_options(cls, ("self", "folder", "device", "dtype")).items():
        needed = option.default is inspect.Parameter.empty
        yield f"{name}=…" if needed else f"{name}={_typed(option.default)}"


def _typed(value: object) -> str:
    """Return a value as text for a command line, to follow `--model-arg KEY=`."""
    return plain(msgspec.json.encode(value, enc_hook=str).decode())


def _doc(target: object) -> list[str]:
    """Return the lines of a docstring.

    On a narrow terminal, each paragraph is one line, which is wrapped later.
    """
    lines = (inspect.getdoc(target) or "").splitlines()
    width = screen_width(sys.stdout)
    fits = width is None or max(map(len, lines), default=0) <= width
    return lines if fits else list(_paragraphs(lines))[:-1]


def _paragraphs(lines: list[str]) -> Iterator[str]:
    text = ""
    for line in [*lines, ""]:
        if line and not line.startswith((" ", "- ", "| ", "|-", "#")):
            text = f"{text} {line}".lstrip()
            continue
        yield from [text] if text else []
        yield line
        text = ""
