"""What a server says about the model that answers: its name, and a fingerprint of the system."""

from __future__ import annotations

from collections.abc import Callable

from mmbench.text import listed, plain

_FACTS = ("model", "system_fingerprint")  # of a reply
_MOST = 100  # names that are kept; a server may give each reply its own


class ServedModels:
    """The names in the replies of a server, usable from several threads.

    `printable` makes a text of the server fit for a record.
    """

    def __init__(self, printable: Callable[[str], str]) -> None:
        self._printable = printable
        self._values: dict[str, set[str]] = {name: set() for name in _FACTS}

    def add(self, answer: dict[str, object]) -> None:
        """Keep the names in a reply."""
        for name, values in self._values.items():
            value = answer.get(name)
            if isinstance(value, str) and value and len(values) < _MOST:
                values.add(self._printable(value))

    def facts(self) -> dict[str, str]:
        """Return the names by fact, joined by commas; those that no reply had are left out."""
        return {name: listed(sorted(values)) for name, values in self._values.items() if values}

    def notes(self, requested: str) -> list[str]:
        """Return a note if a reply named another model than the requested one."""
        others = sorted(self._values["model"] - {requested})
        if not others:
            return []
        return [
            f"the endpoint answered as {listed(others)}, and {plain(requested)} was requested:"
            " --model-arg served_as=NAME makes what is served a part of the model's identity"
        ]
