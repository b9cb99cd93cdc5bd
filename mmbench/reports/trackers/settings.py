"""Settings and names in the form that trackers accept: numbers, and short texts of one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from mmbench.text import plain

Setting: TypeAlias = str | int | float | bool

LONGEST_NAME = 120  # W&B's limit for names and groups is 128
_LONGEST_SETTING = 500  # the shortest limit of an MLflow server for the value of a parameter


def one_line_settings(settings: Mapping[str, object]) -> dict[str, Setting]:
    """Return the settings that have a value; anything but a number becomes one line of text."""
    return {key: _setting(value) for key, value in settings.items() if value not in (None, "")}


def _setting(value: object) -> Setting:
    return value if isinstance(value, bool | int | float) else plain(str(value), _LONGEST_SETTING)
