r"""Parser for the option that free text names; it returns None instead of guessing.

Options have the letters A, B, … by their position. The text is cleaned first (Markdown, LaTeX,
HTML, special tokens, full-width letters; see `mmbench.metrics.answers.choice.clean`). The rules are
tried in order, and the first one that finds an option decides. If this rule finds two options, the
result is None.

1. A letter in \boxed{…} or <answer>…</answer>. A box without an option is ignored.
2. A statement with a word such as "final" ("Final answer: B"), then a statement that fills a line
   ("Answer: B"). It overrides sentences, but not a first or last line of rule 3.
3. A statement: "The answer is (B).", "I choose B", "B is the correct answer", the same with an
   option's text, or a first or last line that is an option's letter, its text or both ("(B) dog").
   The words of about thirty languages are in `mmbench.metrics.answers.choice.words`.
4. "B is correct"; an option in the last sentence that opens with "therefore", "so" or the like.
5. A letter at the beginning that is followed by a mark: "B. dog", "b) dog", "(B) dog", "B: dog".
6. A letter in brackets, or a capital at the beginning or after a word such as "is", "option",
   "think"; no other capital may stand alone. A letter within an option's text does not count.
7. An option's text, as whole words. A text within a longer option does not count ("dog" in "hot
   dog"), and words such as "no" count only where they open a sentence ("No, there is none") or are
   stated ("I think no").

Letters take precedence over texts, but a letter names nothing if the text of another option
directly follows it. A or I before a word is an article or a pronoun ("A dog is", "I think").
Negated, questioned or hypothetical options do not count: "not B", "B is wrong", "B does not fit",
"Is it B?", "if it were B". A statement that is followed by "wait" or "sorry" and another option
names none. Numbers are compared without currency, thousands separators and trailing zeros, if the
options remain distinct; units, signs, comparisons (">5") and powers ("10³" is "10^3") always count.
An option that is itself a single letter is named only by the letter of its position.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from functools import lru_cache

from mmbench.metrics.answers.choice import patterns
from mmbench.metrics.answers.choice.claims import (
    CONTRADICTION,
    boxed_options,
    is_affirmed,
    is_denied,
    names_another_letter,
    option_letters,
    option_lines,
    option_position,
    statements,
)
from mmbench.metrics.answers.choice.clean import clean, split_boxes
from mmbench.metrics.answers.choice.options import LetteredOptions, options_of

VERSION = 2  # version of the rules; part of the signature of metrics that use them

_MARKED = re.compile(
    r"[(\[](?P<inside>[A-Za-z])[)\]]"
    r"|(?:^|[\n.;,:] ?|(?<!\w)(?i:or|and) )(?P<bare>[A-Z])(?:\)|[.:](?= \S))"
)
_FOREIGN = re.compile(r"[(\[]([A-Z])[)\]]")
_HOLDS_LETTER = re.compile(r"(?<!\w)[A-Za-z](?!\w)")
_LOOK_BACK = 40  # characters before a letter that are searched for a word such as "option"


def named_option(text: str, options: Sequence[str]) -> int | None:
    """Return the position of the only option that a text names, or None. At most 26 options."""
    return _parsed_option(text, tuple(options))


@lru_cache(maxsize=20_000)
def _parsed_option(text: str, option_texts: tuple[str, ...]) -> int | None:
    options = options_of(option_texts)
    outside, boxes = split_boxes(text)
    letters, texts = boxed_options(boxes, options)
    if letters:
        return _single_option(letters)
    cleaned = clean(outside)
    stated, lines = statements(cleaned, options), option_lines(cleaned, options)
    own = texts | lines
    others = stated.others | own
    labelled = stated.labelled | own if stated.labelled else set()
    for positions in (stated.final, labelled, others, _concluded_options(cleaned, options)):
        if positions:
            return _unless_retracted(_single_option(positions), cleaned, options)
    front = _leading_option(cleaned, options)
    return _single_option(front) if front else _mentioned_option(cleaned, options)


def _single_option(positions: set[int]) -> int | None:
    """Return the only position in a set; None if the set is empty, larger or contradictory."""
    return next(iter(positions)) if len(positions) == 1 and CONTRADICTION not in positions else None


def _unless_retracted(position: int | None, text: str, options: LetteredOptions) -> int | None:
    """Return `position`, or None if the text retracts it: "wait" and then another option."""
    last = _last(patterns.RETRACTED, text)
    if last is None or position is None:
        return position
    tail = text[last.end() :]
    stated = set().union(*statements(tail, options), option_lines(tail, options))
    others = {at for at, _ in option_letters(patterns.MENTIONED_LETTER, tail, options)} - {position}
    return position if position in stated or not others else None


def _concluded_options(text: str, options: LetteredOptions) -> set[int]:
    """Return the options that are called correct, and the option in the last conclusion.

    A conclusion begins with "therefore", "so" or the like.
    """
    positions = {
        position
        for position, match in option_letters(patterns.MENTIONED_LETTER, text, options)
        if patterns.PRAISED.match(text, options.skip(position, text, match.end()))
        and is_affirmed(position, match, options)
    }
    last = _last(patterns.CONCLUSION, text)
    if last:
        end = patterns.SENTENCE_END.search(text, last.end())
        position = _mentioned_option(text[last.end() : end.start() if end else len(text)], options)
        positions |= set() if position is None else {position}
    front = _single_option(_leading_option(text, options)) if positions else None
    return positions if front is None else positions | {front}


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the last match of a pattern in a text."""
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _leading_option(text: str, options: LetteredOptions) -> set[int]:
    """Return the option with the letter that begins the text.

    The set also contains CONTRADICTION if another option follows. It is empty if the text begins
    with no letter, or with a letter that is denied.
    """
    front = patterns.FRONT.match(text)
    position = option_position(front, options) if front else None
    if front is None or position is None or is_denied(position, text, 0, front.end(), options):
        return set()
    after = options.skip(position, text, front.end())
    rest = text[after:]
    others = {at for at, _ in option_letters(_MARKED, rest, options)} - {position}
    starting = options.starting_options(text[front.end() :])
    lone_letter = patterns.ALONE.fullmatch(rest)
    if (
        others
        or lone_letter
        or (starting and position not in starting)
        or names_another_letter(position, text, after, options)
    ):
        return {position, CONTRADICTION}
    return {position}


def _mentioned_option(text: str, options: LetteredOptions) -> int | None:
    """Return the only option that a letter clearly names, else the only option named by its text.

    Return None if the text names no option, or several options that contradict each other.
    """
    masked = _masked(text, options)
    letters = list(option_letters(patterns.MENTIONED_LETTER, masked, options))
    sure: set[int] = set()
    for position, match in letters:
        if (
            len(sure) < 2
            and position not in sure
            and _is_sure(match)
            and _is_asserted(position, match, options)
        ):
            sure.add(position)
    texts = options.mentioned_options(text)
    if not sure:
        foreign = any(ord(letter) - 65 >= len(options) for letter in _FOREIGN.findall(masked))
        return None if foreign else _single_option(texts)
    if len(sure) > 1 or (texts and not sure & texts):
        return None
    others = (letter for letter in letters if letter[0] not in sure)
    return (
        None
        if any(_is_asserted(position, match, options) for position, match in others)
        else _single_option(sure)
    )


def _is_asserted(position: int, match: re.Match[str], options: LetteredOptions) -> bool:
    return not is_denied(position, match.string, match.start(), match.end(), options)


def _is_sure(match: re.Match[str]) -> bool:
    """Return whether a letter is in brackets, at the beginning, or after a word like "is"."""
    text, start = match.string, match.start()
    if match["inside"] or match["small"]:
        return True
    if start == 0:
        return patterns.PART_OF_WORD.match(text, match.end()) is None
    before = text[start - 1]
    if before.isascii() and before not in " \n:,":  # fast exit for most letters of a long text
        return False
    return patterns.SURE.search(text, max(0, start - _LOOK_BACK), start) is not None


def _masked(text: str, options: LetteredOptions) -> str:
    """Return the text with each option text that contains a single letter ("Point A") replaced.

    Its letter would otherwise count as the letter of an option.
    """
    own = [clean(option) for option in options.raw]
    for option in sorted(own, key=len, reverse=True):
        if len(option) > 1 and _HOLDS_LETTER.search(option):
            text = re.sub(rf"(?<!\w){re.escape(option)}(?!\w)", "xx", text, flags=re.IGNORECASE)
    return text
