r"""Which option a free text names, or None: the parser never guesses.

Options have the letters A, B, … by their position. The text is cleaned first (Markdown, LaTeX,
HTML, special tokens, full-width letters; see `mmbench.metrics.answers.choice.clean`). The first of
these rules that finds an option decides; where a rule finds two options, the text names none.

1. A letter in \boxed{…} or <answer>…</answer>. A box with anything but an option is ignored.
2. A statement that calls itself final ("Final answer: B"), then one that has a line of its own
   ("Answer: B"): it overrides what sentences say, but not a first or last line of rule 3.
3. A statement: "The answer is (B).", "I choose B", "B is the correct answer", an option's text in
   these places, a first or last line that is an option's letter, its text or both ("(B) dog").
   The words of about thirty languages are in `mmbench.metrics.answers.choice.words`.
4. "B is correct"; an option in the last sentence that opens with "therefore", "so" or the like.
5. A letter in front with a mark after it: "B. dog", "b) dog", "(B) dog", "B: dog".
6. A letter in brackets, or a capital in front or after a word such as "is", "option", "think";
   no other capital may stand alone. A letter within an option's text is text.
7. An option's text, as whole words; one within a longer one does not count ("dog" in "hot dog"),
   and words such as "no" count only where they open a sentence ("No, there is none") or are
   stated ("I think no").

A letter goes before texts, but names nothing where the text right after it is that of another
option. A or I before a word is an article or a pronoun ("A dog is", "I think"). What is negated,
asked or supposed is not named: "not B", "B is wrong", "B does not fit", "Is it B?", "if it were B".
A statement that is followed by "wait" or "sorry" and another option names none. Numbers are
compared without a currency, separators of thousands and final zeros, where that keeps the options
apart; units, signs, comparisons (">5") and powers ("10³" is "10^3") always count. An option that is
itself a single letter is named by its position alone.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from functools import lru_cache

from mmbench.metrics.answers.choice import forms
from mmbench.metrics.answers.choice.claims import (
    CONTRADICTION,
    affirmed,
    boxed,
    denied,
    joined,
    letters_in,
    lines_that_are_options,
    place_of,
    statements,
)
from mmbench.metrics.answers.choice.clean import clean, split_boxes
from mmbench.metrics.answers.choice.options import LetteredOptions, options_of

VERSION = 2  # of these rules; stands in the signature of each metric that uses them

_MARKED = re.compile(
    r"[(\[](?P<inside>[A-Za-z])[)\]]"
    r"|(?:^|[\n.;,:] ?|(?<!\w)(?i:or|and) )(?P<bare>[A-Z])(?:\)|[.:](?= \S))"
)
_FOREIGN = re.compile(r"[(\[]([A-Z])[)\]]")
_HOLDS_LETTER = re.compile(r"(?<!\w)[A-Za-z](?!\w)")
_LOOK_BACK = 40  # characters before a letter that may hold the word that makes it an option


def named_option(text: str, options: Sequence[str]) -> int | None:
    """The position of the only option that a text names, or None. There are at most 26 options."""
    return _named(text, tuple(options))


@lru_cache(maxsize=20_000)
def _named(text: str, options: tuple[str, ...]) -> int | None:
    names = options_of(options)
    outside, boxes = split_boxes(text)
    letters, texts = boxed(boxes, names)
    if letters:
        return _only(letters)
    cleaned = clean(outside)
    stated, lines = statements(cleaned, names), lines_that_are_options(cleaned, names)
    own = texts | lines
    others = stated.others | own
    labelled = stated.labelled | own if stated.labelled else set()
    for found in (stated.final, labelled, others, _concluded(cleaned, names)):
        if found:
            return _unless_retracted(_only(found), cleaned, names)
    front = _in_front(cleaned, names)
    return _only(front) if front else _mentioned(cleaned, names)


def _only(found: set[int]) -> int | None:
    """The only place in a set, unless that is a contradiction."""
    return next(iter(found)) if len(found) == 1 and CONTRADICTION not in found else None


def _unless_retracted(place: int | None, text: str, names: LetteredOptions) -> int | None:
    """The place, or None where the text then says "wait" or the like and names another option."""
    last = _last(forms.RETRACTED, text)
    if last is None or place is None:
        return place
    tail = text[last.end() :]
    stated = set().union(*statements(tail, names), lines_that_are_options(tail, names))
    others = {other for other, _ in letters_in(forms.MENTIONED_LETTER, tail, names)} - {place}
    return place if place in stated or not others else None


def _concluded(text: str, names: LetteredOptions) -> set[int]:
    """The options that are called right, and that of the last sentence that concludes."""
    found = {
        place
        for place, match in letters_in(forms.MENTIONED_LETTER, text, names)
        if forms.PRAISED.match(text, names.skip(place, text, match.end()))
        and affirmed(place, match, names)
    }
    last = _last(forms.CONCLUSION, text)
    if last:
        end = forms.SENTENCE_END.search(text, last.end())
        place = _mentioned(text[last.end() : end.start() if end else len(text)], names)
        found |= set() if place is None else {place}
    front = _only(_in_front(text, names)) if found else None
    return found if front is None else found | {front}


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match of a pattern in a text."""
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _in_front(text: str, names: LetteredOptions) -> set[int]:
    """The option whose letter a text begins with, and a contradiction where another one follows."""
    front = forms.FRONT.match(text)
    place = place_of(front, names) if front else None
    if front is None or place is None or denied(place, text, 0, front.end(), names):
        return set()
    after = names.skip(place, text, front.end())
    rest = text[after:]
    others = {at for at, _ in letters_in(_MARKED, rest, names)} - {place}
    begun = names.begun(text[front.end() :])
    alone = forms.ALONE.fullmatch(rest)
    if others or alone or (begun and place not in begun) or joined(place, text, after, names):
        return {place, CONTRADICTION}
    return {place}


def _mentioned(text: str, names: LetteredOptions) -> int | None:
    """The option of the only letter in a text that surely is one, else of the only text."""
    masked = _masked(text, names)
    found = list(letters_in(forms.MENTIONED_LETTER, masked, names))
    sure: set[int] = set()
    for place, match in found:
        if len(sure) < 2 and place not in sure and _is_sure(match) and _stands(place, match, names):
            sure.add(place)
    texts = names.mentioned(text)
    if not sure:
        foreign = any(ord(letter) - 65 >= len(names) for letter in _FOREIGN.findall(masked))
        return None if foreign else _only(texts)
    if len(sure) > 1 or (texts and not sure & texts):
        return None
    others = (one for one in found if one[0] not in sure)
    return None if any(_stands(place, match, names) for place, match in others) else _only(sure)


def _stands(place: int, match: re.Match[str], names: LetteredOptions) -> bool:
    return not denied(place, match.string, match.start(), match.end(), names)


def _is_sure(match: re.Match[str]) -> bool:
    """Whether a letter is in brackets, in front, or after a word that makes it an option."""
    text, start = match.string, match.start()
    if match["inside"] or match["small"]:
        return True
    if start == 0:
        return forms.PART_OF_WORD.match(text, match.end()) is None
    before = text[start - 1]
    if before.isascii() and before not in " \n:,":  # saves most of the time of a long text
        return False
    return forms.SURE.search(text, max(0, start - _LOOK_BACK), start) is not None


def _masked(text: str, names: LetteredOptions) -> str:
    """A text without the options' texts that hold a single letter ("Point A")."""
    own = [clean(option) for option in names.raw]
    for option in sorted(own, key=len, reverse=True):
        if len(option) > 1 and _HOLDS_LETTER.search(option):
            text = re.sub(rf"(?<!\w){re.escape(option)}(?!\w)", "xx", text, flags=re.IGNORECASE)
    return text
