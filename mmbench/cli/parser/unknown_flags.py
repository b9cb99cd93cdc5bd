"""The error for flags that a command does not have, with what to type in place of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from mmbench.errors import UserError, near_names

_INNER = {"command", "module"}  # attributes of parsed arguments that are no flags
_GENERAL = "options of a model are given as --model-arg NAME=VALUE"


def unknown_flags(args: argparse.Namespace, unknown: Sequence[str]) -> str:
    """Return the message for arguments that are unknown to the command of `args`.

    If the command runs a model, the message says which flag or model option to use.
    """
    message = f"unrecognized arguments: {' '.join(unknown)}"
    if not hasattr(args, "model_arg"):
        return message
    options = _options(args)
    advice = [
        f"for --{name} use {text}"
        for name, value in _flags(unknown)
        if (text := _instead(name.replace("-", "_"), value, options, args))
    ]
    return "; ".join([message, *(advice or [_GENERAL])])


def _flags(unknown: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each flag; the value is VALUE if none was given."""
    for text, following in zip_longest(unknown, unknown[1:], fillvalue="--"):
        if text.startswith("--"):
            name, equals, value = text[2:].partition("=")
            is_value = not following.startswith("--")
            yield name, value if equals else following if is_value else "VALUE"


def _instead(name: str, value: str, options: set[str], args: argparse.Namespace) -> str:
    """Return what to use in place of a flag; "" if nothing is similar."""
    from mmbench.validation.other_names import instead_of

    if name in options:
        return f"--model-arg {name}={value}"
    if advice := instead_of(name, options):
        return advice
    flags = vars(args).keys() - _INNER
    near = near_names(name, flags | options)
    if near and near[0] in flags:
        return f"--{near[0].replace('_', '-')}"
    return f"--model-arg {near[0]}={value}" if near else ""


def _options(args: argparse.Namespace) -> set[str]:
    """Return the options of the models of a command; models that cannot be found have none."""
    from mmbench.engine.loading.models.adapters import known_options

    models = args.model if isinstance(args.model, list) else [args.model]
    options: set[str] = set()
    for model in models:
        try:
            options |= known_options(model) or set()
        except UserError:
            continue
    return options
