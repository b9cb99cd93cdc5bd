"""Attribution of errors to plugins: the plugin, the place in its code, and the message.

An error raised in mmbench is also attributed to a plugin if the object that the plugin registered
does not fit its interface: a function with other parameters, an object without a required method.
"""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Collection, Sequence
from pathlib import Path
from types import FrameType

from mmbench import registry

# Python's error message for a call with arguments that do not fit the function.
_CALL = re.compile(r"(?P<function>\S+)\(\) (takes|got|missing) ")


def plugin_fault(error: BaseException) -> str:
    """Return the plugin, the message and the place of an error; "" if no plugin caused the error.

    An error in a library or in mmbench is attributed to the plugin that made the call.
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
            return f"{owner}: {_words(one)}; see docs/plugins.md for the interface"
    return ""


def _misfit(error: BaseException, places: dict[Path, dict[str, object]]) -> str:
    """Return the registered object that does not fit its interface; "" for other errors."""
    call = _CALL.match(str(error)) if isinstance(error, TypeError) else None
    lacking = error.obj if isinstance(error, AttributeError) else None
    for place, entries in places.items():
        for name, entry in entries.items():
            inner = getattr(entry, "func", entry)  # the function of a functools.partial
            own = getattr(inner, "__qualname__", None)
            called = own and call and _is_part(call["function"], own)
            lacks = lacking is not None and (lacking is inner or type(lacking) is inner)
            if called or lacks:
                return f"{name} ({_where(inner, place)})"
    return ""


def _is_part(function: str, name: str) -> bool:
    return function == name or function.startswith(f"{name}.")


def _unwrapped(entry: object) -> object:
    """Return the function inside a decorator such as `mmbench.declare`; other objects unchanged."""
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
    """Return an error and the errors that caused it.

    The causes are needed because Python replaces a StopIteration by a RuntimeError.
    """
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) and cause not in chain:
        chain.append(cause)
    return chain


def _place(file: Path, places: Collection[Path]) -> Path | None:
    """Return the plugin file or folder that contains a file, None for other files."""
    file = file.resolve()
    return next((place for place in places if file == place or place in file.parents), None)


def _owner(frames: Sequence[FrameType], place: Path, entries: dict[str, object]) -> str:
    """Return the name of the registered object with the code that failed.

    This is the plugin's only object, or else the object to which one of the frames belongs. If the
    error occurred during the import of a plugin file, return the name of the plugin.
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
    """Return the type, the message and the notes of an error as one line."""
    if isinstance(error, SystemExit):
        return f"the plugin called sys.exit({error.code!r})"
    notes = getattr(error, "__notes__", [])
    text = " ".join(" ".join([str(error), *map(str, notes)]).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
