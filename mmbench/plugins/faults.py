"""Errors that arise in the code of a plugin: whose code, where, and what it said.

Also of a plugin are errors of mmbench where it uses what the plugin registered: a function that
takes other arguments, an object without a method that is needed.
"""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Collection, Sequence
from pathlib import Path
from types import FrameType

from mmbench import registry

# How Python says that a function cannot be called with the arguments that it was given.
_CALL = re.compile(r"(?P<function>\S+)\(\) (takes|got|missing) ")


def plugin_fault(error: BaseException) -> str:
    """Return whose code raised an error, what it said and where, empty where no plugin did.

    An error that a plugin caused in a library or in mmbench, by calling it, is its own.
    """
    places = registry.plugin_places()
    for one in _chain(error):
        frames = [*traceback.walk_tb(one.__traceback__)]
        files = [_place(Path(frame.f_code.co_filename), places) for frame, _ in frames]
        inside = [(place, *at) for place, at in zip(files, frames, strict=True) if place]
        if inside:
            place, frame, line = inside[-1]
            owner = _owner([frame for _, frame, _ in inside], place, places[place])
            where = f"{frame.f_code.co_filename}, line {line}, in {frame.f_code.co_name}"
            return f"{owner}: {_words(one)} ({where})"
        if owner := _misfit(one, places):
            return f"{owner}: {_words(one)}; docs/plugins.md says what is needed"
    return ""


def _misfit(error: BaseException, places: dict[Path, dict[str, object]]) -> str:
    """Return the name of the plugin's entry that mmbench could not use, empty for another error."""
    call = _CALL.match(str(error)) if isinstance(error, TypeError) else None
    lacking = error.obj if isinstance(error, AttributeError) else None
    for place, entries in places.items():
        for name, entry in entries.items():
            inner = getattr(entry, "func", entry)  # of a functools.partial
            own = getattr(inner, "__qualname__", None)
            called = own and call and _is_part(call["function"], own)
            lacks = lacking is not None and (lacking is inner or type(lacking) is inner)
            if called or lacks:
                return f"{name} ({_where(inner, place)})"
    return ""


def _is_part(function: str, name: str) -> bool:
    return function == name or function.startswith(f"{name}.")


def _unwrapped(entry: object) -> object:
    """Return the function that a decorator such as `mmbench.declare` wraps."""
    return inspect.unwrap(entry) if callable(entry) else entry


def _where(entry: object, place: Path) -> str:
    entry = _unwrapped(entry)
    code = getattr(entry, "__code__", None)
    if code is not None:
        return f"{place}, line {code.co_firstlineno}"
    if not callable(entry):
        return str(place)
    try:
        return f"{place}, line {inspect.getsourcelines(entry)[1]}"
    except (OSError, TypeError):
        return str(place)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and those behind it: a StopIteration becomes a RuntimeError on its way."""
    chain = [error]
    while (behind := chain[-1].__cause__ or chain[-1].__context__) and behind not in chain:
        chain.append(behind)
    return chain


def _place(file: Path, places: Collection[Path]) -> Path | None:
    """Return the plugin's file or folder that a file is or lies in, None for another file."""
    file = file.resolve()
    return next((place for place in places if file == place or place in file.parents), None)


def _owner(frames: Sequence[FrameType], place: Path, entries: dict[str, object]) -> str:
    """Return the name of what failed: the only entry that a plugin registers, or by its frames.

    While a file is imported it is the plugin: what it registered so far did not fail.
    """
    if frames[-1].f_code.co_name == "<module>":
        return f"plugin {place.name}"
    own = [
        name
        for frame in reversed(frames)
        for name, entry in entries.items()
        if entry is type(frame.f_locals.get("self"))
        or getattr(_unwrapped(entry), "__code__", None) is frame.f_code
    ]
    return next(iter(own if own or len(entries) != 1 else entries), f"plugin {place.name}")


def _words(error: BaseException) -> str:
    """Return the type, the message and the notes of an error on one line."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    notes = getattr(error, "__notes__", [])
    text = " ".join(" ".join([str(error), *map(str, notes)]).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
