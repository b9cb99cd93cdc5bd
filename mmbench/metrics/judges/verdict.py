"""The verdict in a judge's output: the last JSON object, checked against the rubric.

Everything else is an unparsable verdict. A verdict is never guessed from other words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from mmbench.errors import SampleError
from mmbench.metrics.judges.rubric import Rubric
from mmbench.text import plain
from mmbench.validation.safe_parse import TooDeep, parse_json

Preference = Literal["A", "B", "tie"]

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_PREFERENCES: dict[str, Preference] = {"a": "A", "b": "B", "tie": "tie"}
_SWAPPED: dict[Preference, Preference] = {"A": "B", "B": "A", "tie": "tie"}
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}]', re.DOTALL)
_BRACE = re.compile(r"[{}]")
_LONGEST_REASON = 2_000  # characters of a stored reason


class UnparsableVerdict(SampleError):
    """The error for a judge's output without a valid verdict."""


class ScoreVerdict(NamedTuple):
    """A score on the rubric's scale, and the judge's reason, "" if it gave none."""

    score: float
    reason: str


class PreferenceVerdict(NamedTuple):
    """The answer that the judge prefers, as it was shown to the judge, and the reason."""

    preferred: Preference
    reason: str


class BothOrders(NamedTuple):
    """The preference of a judge that saw two answers in both orders.

    `preferred` is A for the answer that was A in the first order. It is `tie` if the two verdicts
    differ; then `disagree` is true. `reasons` are those of both verdicts.
    """

    preferred: Preference
    disagree: bool
    reasons: tuple[str, str]


def parse_score(rubric: Rubric, text: str) -> ScoreVerdict:
    """Return the score in a judge's output, without its reasoning. Raises UnparsableVerdict."""
    verdict = _verdict(text)
    value = _value(verdict, rubric.value_key)
    score = rubric.scale.label(value) if isinstance(value, str) else None
    if score is None and not rubric.scale.labels:
        number = _number(value)
        score = None if number is None else rubric.scale.point(number)
    if score is None:
        raise UnparsableVerdict(
            f"{rubric.value_key} is {_shown(value)}, not {rubric.scale.describe()}"
        )
    return ScoreVerdict(score, _reason(verdict, rubric))


def parse_preference(rubric: Rubric, text: str) -> PreferenceVerdict:
    """Return the preferred answer in a judge's output. Raises UnparsableVerdict."""
    verdict = _verdict(text)
    value = _value(verdict, rubric.value_key)
    preferred = _PREFERENCES.get(value.strip().casefold()) if isinstance(value, str) else None
    if preferred is None:
        raise UnparsableVerdict(f'{rubric.value_key} is {_shown(value)}, not "A", "B" or "tie"')
    return PreferenceVerdict(preferred, _reason(verdict, rubric))


def both_orders(first: PreferenceVerdict, second: PreferenceVerdict) -> BothOrders:
    """Return the preference of two verdicts, the second of which saw the answers swapped."""
    swapped = _SWAPPED[second.preferred]
    disagree = first.preferred != swapped
    preferred: Preference = "tie" if disagree else first.preferred
    return BothOrders(preferred, disagree, (first.reason, second.reason))


def _verdict(text: str) -> dict[str, object]:
    """Return the last JSON object in a text. Raises UnparsableVerdict."""
    last = last_object(text)
    try:
        value = parse_json(last)
        pairs = json.loads(last, object_pairs_hook=_without_repetition)
    except TooDeep as error:
        raise UnparsableVerdict(f"the last JSON object has {error}") from error
    except _Repeated as error:
        raise UnparsableVerdict(f"the last JSON object has the key {error} twice") from error
    except (ValueError, RecursionError) as error:
        raise UnparsableVerdict(f"invalid JSON object {_shown(last)}") from error
    assert isinstance(value, dict) and isinstance(pairs, dict)
    return dict(value)


class _Repeated(ValueError):
    """The error for a JSON object with a repeated key, whose value would be ambiguous."""


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise _Repeated(repr(plain(next(key for key in keys if keys.count(key) > 1), 40)))
    return dict(pairs)


def last_object(text: str) -> str:
    """Return the last outermost pair of braces in a text with what it contains.

    Braces inside the strings of an object do not count. Raises UnparsableVerdict if there is none,
    or if an object begins after it and has no end. One pass over the text.
    """
    starts: list[int] = []
    last = (0, 0)
    for at, brace in _braces(text):
        if brace == "{":
            starts.append(at)
        elif starts:
            last = starts.pop(), at + 1
    if any(start >= last[1] for start in starts):
        raise UnparsableVerdict(f"the JSON object has no end: {_shown(text)}")
    if not last[1]:
        raise UnparsableVerdict(f"no JSON object in {_shown(text)}" if text.strip() else "no text")
    return text[slice(*last)]


def _braces(text: str) -> Iterator[tuple[int, str]]:
    """Yield the braces of a text outside the strings of objects, with their positions."""
    depth, at = 0, 0
    while match := (_TOKEN if depth else _BRACE).search(text, at):
        at = match.end()
        if match[0] in ("{", "}"):
            depth = max(0, depth + (1 if match[0] == "{" else -1))
            yield match.start(), match[0]


def _value(verdict: dict[str, object], key: str) -> object:
    if key not in verdict:
        keys = ", ".join(repr(plain(name, 40)) for name in [*verdict][:5]) or "no key"
        raise UnparsableVerdict(f"the JSON object lacks the key {key!r}; it has {keys}")
    return verdict[key]


def _number(value: object) -> float | None:
    """Return a number, also one in a string without other characters; None for other values."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) and len(value) < 40:
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _reason(verdict: dict[str, object], rubric: Rubric) -> str:
    reason = verdict.get(rubric.reason_key)
    return reason[:_LONGEST_REASON] if isinstance(reason, str) else ""


def _shown(value: object) -> str:
    return repr(plain((value if isinstance(value, str) else str(value))[:1000], 80))
