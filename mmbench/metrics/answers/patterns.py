"""The metric `regex_match`: an answer that a pattern of the task finds in the output.

Outputs are untrusted: a pattern with nested repetitions can take exponential time on some texts.
The search therefore has a time limit per text, which the package `regex` keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from mmbench.errors import DataError, SampleError, UserError
from mmbench.metrics.answers.quantities import stated_quantity
from mmbench.metrics.answers.text import plain_words
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.storage.content_keys import digest
from mmbench.types import Prediction, Score

if TYPE_CHECKING:
    import regex

_SECONDS = 1.0  # time limit of a search in one text
_LONGEST = 1_000  # characters of a pattern
_OPTIONS: dict[str, tuple[str, ...]] = {
    "take": ("last", "first", "only"),
    "compare": ("words", "exact", "number"),
}


def check_pattern(name: str, options: Mapping[str, object]) -> None:
    """Raise UserError for options of `regex_match` that are unknown, missing or invalid."""
    where = f"metric_options of regex_match[{name}]"
    for key, value in options.items():
        if key != "pattern" and value not in _OPTIONS.get(key, ()):
            known = "; ".join(f"{one}: {' or '.join(v)}" for one, v in _OPTIONS.items())
            raise UserError(f"{where}: no valid {key}: {value!r}; give pattern, and {known}")
    pattern = options.get("pattern")
    if not isinstance(pattern, str) or not 0 < len(pattern) <= _LONGEST:
        raise UserError(f"{where}: give a pattern, a string of up to {_LONGEST:,} characters")
    _compiled(pattern, where)


@lru_cache(maxsize=100)
def _compiled(pattern: str, where: str) -> regex.Pattern[str]:
    import regex

    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise UserError(f"{where}: invalid pattern {pattern!r}: {error}") from error


@declare(
    unit="fraction",
    better="higher",
    worst=0,
    best=1,
    kinds={"writing", "choice"},
    check_options=check_pattern,
)
def regex_match(
    predictions: Sequence[Prediction], name: str, *, options: Mapping[str, object]
) -> Score:
    r"""Share of outputs in which a pattern finds an acceptable answer. Range [0, 1].

    Higher is better. The `name` is free; the task gives the options:
    `metric_options: {"regex_match[final]": {pattern: 'Answer: (\w+)'}}`.

    - `pattern`: a regular expression of the package `regex`. Its answer is the first group that
      took part in the match, or the whole match if it has no group.
    - `take`: the `last` match in the output (default), the `first`, or the `only` one, so that an
      output with several different answers has none.
    - `compare`: `words` as in `exact_match` (default), `exact` characters, or `number`, equal
      numbers (`stated_quantity`, without units).

    An output without a match is wrong, and a note counts these. For a question with options, the
    acceptable answer is the letter. A search ends after one second; then the sample is not scored.
    Use it where the prompt asks for a format, such as "end with Answer: X". Source: this project.
    """
    check_pattern(name, options)
    found = [_answer(p, name, options) for p in predictions]
    compare = str(options.get("compare", "words"))
    rows = [
        answer is not None and any(_equal(answer, one, compare) for one in _references(p))
        for answer, p in zip(found, predictions, strict=True)
    ]
    lacking = sum(answer is None for answer in found)
    reason = f"the pattern found no answer in {lacking:,} of {len(found):,} texts" * bool(lacking)
    take, content = options.get("take", "last"), digest(str(options["pattern"])).hex()[:8]
    signature = f"pattern=#{content},take={take},compare={compare}"
    return score(rows, signature=signature, reason=reason, details={"answer": found})


def _answer(prediction: Prediction, name: str, options: Mapping[str, object]) -> str | None:
    """Return the answer that the pattern finds in an output, or None.

    Raises SampleError if the search needs too much time or memory.
    """
    pattern = _compiled(str(options["pattern"]), name)
    text, take = str(prediction.value), options.get("take", "last")
    try:
        if take == "first":
            match = pattern.search(text, timeout=_SECONDS)
            return None if match is None else _group(match)
        found = [_group(match) for match in pattern.finditer(text, timeout=_SECONDS)]
    except TimeoutError as error:
        raise SampleError(
            f"regex_match[{name}]: the search took more than {_SECONDS:g} s on this output; make"
            " the pattern simpler (no repetition inside a repetition)"
        ) from error
    except MemoryError as error:  # unlimited recursion, as in (?R)
        raise SampleError(
            f"regex_match[{name}]: the search needs too much memory on this output; make the"
            " pattern simpler (no recursion)"
        ) from error
    if take == "only" and len(set(map(plain_words, found))) > 1:
        return None
    return found[-1] if found else None


def _group(match: regex.Match[str]) -> str:
    return str(next((group for group in match.groups() if group is not None), match[0]))


def _references(prediction: Prediction) -> list[str]:
    target = prediction.target
    if isinstance(target, dict):
        if "answer" not in target:
            raise DataError(f"sample {prediction.id} has no answer that regex_match can compare")
        target = target["answer"]
    return list(map(str, target if isinstance(target, list) else [target]))


def _equal(answer: str, reference: str, compare: str) -> bool:
    if compare == "exact":
        return answer == reference
    if compare == "words":
        return plain_words(answer) == plain_words(reference)
    one, other = stated_quantity(answer), stated_quantity(reference)
    return one is not None and other is not None and one.number == other.number
