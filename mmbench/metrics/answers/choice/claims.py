"""Statements of an answer in a cleaned text: "Answer: B", a line that is an option, a box."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mmbench.metrics.answers.choice import forms
from mmbench.metrics.answers.choice.clean import clean
from mmbench.metrics.answers.choice.options import DENIED, LetteredOptions

CONTRADICTION = DENIED  # in a set of places: what is said names no single option

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOOK_BACK = 200  # characters of a clause before a letter that are searched for a negation
_CUT = re.compile(r"[.;!?](?:\s|$)|, |\n|[)\]]| (?:because|since|as|which|who|with)(?!\w)|$")
_PIECE = 400  # characters after a lead-in that are compared with the options' texts
_BEGINS_WITH_LETTER = re.compile(r"[A-Za-z] \w")  # "A and C" may be an option's text
_WORD = re.compile(r"[^\W_]")
_TEXT_LETTER = re.compile(r"(.{1,400}?) ?[(\[](?P<inside>[A-Za-z])[)\]]\W{0,3}")


def place_of(match: re.Match[str], names: LetteredOptions) -> int | None:
    """The position of the letter in a match, None where no option has it."""
    letter = next(filter(None, match.groupdict().values()), "")
    place = _LETTERS.find(letter.upper()) if letter else -1
    return place if 0 <= place < len(names) else None


def letters_in(
    pattern: re.Pattern[str], text: str, names: LetteredOptions
) -> Iterator[tuple[int, re.Match[str]]]:
    """The letters of options that a pattern finds in a text: their positions and matches."""
    for match in pattern.finditer(text):
        place = place_of(match, names)
        if place is not None:
            yield place, match


def denied(place: int, text: str, start: int, end: int, names: LetteredOptions) -> bool:
    """Whether the letter at start:end is negated in its clause, or called wrong after it."""
    after = names.skip(place, text, end)
    wrong = forms.DENIED.match(text, end) or forms.DENIED.match(text, after)
    return wrong is not None or negated(text, start)


def negated(text: str, start: int) -> bool:
    """Whether the clause that leads to `start` holds a negation, a doubt or a condition."""
    window, begin = text[max(0, start - _LOOK_BACK) : start], 0
    for clause in forms.CLAUSE.finditer(window):
        begin = clause.end()
    return forms.NEGATED.search(window, begin) is not None


def joined(place: int, text: str, at: int, names: LetteredOptions) -> bool:
    """Whether the text at `at` goes on with another letter: "or C", ", C", "/C"."""
    item = forms.FRONT.match(text, at + (text[at : at + 1] == " "))
    if item and place_of(item, names) not in (None, place):
        return True
    match = forms.JOINED.match(text, at)
    letter = forms.STATED_LETTER.match(text, match.end()) if match else None
    other = place_of(letter, names) if letter else None
    if letter is None or other is None:
        return False
    return other != place and forms.DENIED.match(text, letter.end()) is None


def boxed(boxes: list[str], names: LetteredOptions) -> tuple[set[int], set[int]]:
    """The options that boxes name: those named by their letter, those by their text."""
    letters: set[int] = set()
    texts: set[int] = set()
    for box in boxes:
        content = clean(box)
        stated = statements(content, names)
        found = _letter_alone(content, names) or _letter_and_text(content, names)
        letters |= found or set().union(*stated)
        texts |= set() if found else names.whole(content)
    return letters, texts


class Statements(NamedTuple):
    """The options that statements name, by their weight; CONTRADICTION where one names two."""

    final: set[int]  # those that call themselves final
    labelled: set[int]  # those that have a line of their own: "Answer: B"
    others: set[int]


def statements(text: str, names: LetteredOptions) -> Statements:
    """The options that follow words such as "the answer is", or are called the right answer."""
    found = Statements(set(), set(), set())
    for match in forms.LEAD.finditer(text):
        places, end = _stated(match, names)
        if places and _leads(match):
            weight = 0 if _is_final(match) else 1 if _is_label(match, end) else 2
            found[weight].update(places)
    for place, match in letters_in(forms.MENTIONED_LETTER, text, names):
        after = names.skip(place, text, match.end())
        if forms.CALLED_ANSWER.match(text, after) and affirmed(place, match, names):
            found.others.add(place)
    return found


def affirmed(place: int, match: re.Match[str], names: LetteredOptions) -> bool:
    """Whether a letter is not denied, and not the last of several ("A, B or C")."""
    text, start = match.string, match.start()
    if forms.JOINED_BEFORE.search(text, max(0, start - 30), start):
        return False
    return not denied(place, text, start, match.end(), names)


def _leads(match: re.Match[str]) -> bool:
    """Whether a lead-in is followed by an answer: it is neither negated nor one of several."""
    text, start = match.string, match.start()
    before = text[max(0, start - 30) : start]
    if match["option"] and (
        not forms.IS_LINK.search(match["rest"])
        or forms.DISTRIBUTIVE.search(before)
        or forms.PREDICATE.search(before)
    ):
        return False
    return not negated(text, start) and not forms.NEGATED.search(match[0])


def _is_final(match: re.Match[str]) -> bool:
    start = match.start()
    return forms.FINAL.search(match.string, max(0, start - 15), match.end()) is not None


def _is_label(match: re.Match[str], end: int) -> bool:
    """Whether a lead-in and the option that ends at `end` have a line of their own."""
    text, start = match.string, match.start()
    line = text.rfind("\n", max(0, start - 40), start) + 1
    if line == 0 and start > 40:
        return False
    below = text.find("\n", end)
    rest = text[end : below if below >= 0 else len(text)]
    return forms.LABEL.fullmatch(text, line, start) is not None and not _WORD.search(rest)


def _stated(match: re.Match[str], names: LetteredOptions) -> tuple[set[int], int]:
    """What follows a lead-in, the option of a letter or of a text, and where it ends."""
    text, begin = match.string, match.start("rest")
    ends = [begin, *(link.end() for link in forms.IS_LINK.finditer(text, begin, match.end()))]
    for at in dict.fromkeys([*ends[1:], match.end()] if ends[1:] else []):
        piece = _piece(text, at)
        if _BEGINS_WITH_LETTER.match(piece) and (found := names.whole(piece)):
            return found, text.index(piece, at) + len(piece)
    for at in dict.fromkeys([*ends, match.end()]):
        letter = forms.STATED_LETTER.match(text, at)
        place = place_of(letter, names) if letter else None
        if letter and place is not None and _fits(match, letter, place, names):
            end = names.skip(place, text, letter.end())
            return _unless_denied(place, letter, names), end
    for at in dict.fromkeys([*ends[1:], match.end()] if ends[1:] else []):
        piece = _piece(text, at)
        found = names.whole(piece)
        if found:
            return found, text.index(piece, at) + len(piece)
    return set(), match.end()


def _piece(text: str, at: int) -> str:
    """The clause that begins at `at`, on the same line or the next."""
    begin = at + len(text[at : at + 3]) - len(text[at : at + 3].lstrip())
    cut = _CUT.search(text, begin, begin + _PIECE)
    return text[begin : cut.start() if cut else begin + _PIECE]


def _fits(match: re.Match[str], letter: re.Match[str], place: int, names: LetteredOptions) -> bool:
    """Whether a letter on the line after its lead-in is the answer and not the head of a list."""
    text = match.string
    if "\n" not in text[match.start("rest") : letter.end()]:
        return True
    line, _, below = text[letter.end() :].partition("\n")
    item = forms.FRONT.match(below)
    if item and place_of(item, names) not in (None, place):
        return False
    own = names.skip(place, line, 0) > 0 or _is_own(place, line, names)
    return match["answer"] is not None or own


def _is_own(place: int, line: str, names: LetteredOptions) -> bool:
    """Whether nothing, or an option's own text and nothing more, follows its letter."""
    return not any(c.isalnum() for c in line[names.skip(place, line, 0) :])


def _unless_denied(place: int, letter: re.Match[str], names: LetteredOptions) -> set[int]:
    text, end = letter.string, letter.end()
    if forms.DENIED.match(text, names.skip(place, text, end)) or forms.DENIED.match(text, end):
        return set()
    begun = names.begun(text[end : end + _PIECE])
    other = begun and place not in begun
    more = joined(place, text, names.skip(place, text, end), names)
    return {place, CONTRADICTION} if other or more else {place}


def lines_that_are_options(text: str, names: LetteredOptions) -> set[int]:
    """The options that the first or the last line is, by letter, text or both.

    A line of letter and text does not count as one of a list of the options.
    """
    lines = text.split("\n")
    items = [_item(line, names) for line in lines]
    listed = {item for item in items if item is not None}
    found: set[int] = set()
    for at in {0, len(lines) - 1}:
        item, beside = items[at], items[at - 1 if at else min(1, len(lines) - 1)]
        found |= _letter_alone(lines[at], names) or names.whole(lines[at])
        if (
            item is None
            or listed == {item}
            or (
                items.count(item) > 1
                and (beside is None or (beside <= item if at == 0 else beside >= item))
            )
        ):
            found |= _letter_and_text(lines[at], names)
    return found


def _letter_alone(line: str, names: LetteredOptions) -> set[int]:
    """The option of a line that is a letter, or that ends in a sentence that is one."""
    match = forms.ALONE.fullmatch(line) or forms.NEARLY_ALONE.fullmatch(line)
    match = match or forms.LAST_SENTENCE.search(line)
    place = place_of(match, names) if match else None
    return set() if place is None else {place}


def _letter_and_text(line: str, names: LetteredOptions) -> set[int]:
    """The option of a line such as "(B) dog" or "dog (B)"; a contradiction for "(B) cat"."""
    front, back = forms.FRONT.match(line), _TEXT_LETTER.fullmatch(line)
    match = front or back
    place = place_of(match, names) if match else None
    if match is None or place is None:
        return set()
    rest = line[match.end() :] if front else line[: match.end(1)]
    if front and any(c.isalnum() for c in rest) and _is_own(place, rest, names):
        return {place}
    whole = names.whole(rest)
    return ({place} if place in whole else {place, CONTRADICTION}) if whole else set()


def _item(line: str, names: LetteredOptions) -> int | None:
    """The option of a line that begins with its letter and text."""
    front = forms.FRONT.match(line)
    place = place_of(front, names) if front else None
    if front is None or place is None:
        return None
    return place if names.skip(place, line, front.end()) > front.end() else None
