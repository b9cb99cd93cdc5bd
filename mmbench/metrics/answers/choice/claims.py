"""Detection of the options that a cleaned text states as its answer.

An answer can be a statement ("Answer: B"), a line that consists of an option, or the content of a
box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mmbench.metrics.answers.choice import patterns
from mmbench.metrics.answers.choice.clean import clean
from mmbench.metrics.answers.choice.options import DENIED, LetteredOptions

CONTRADICTION = DENIED  # in a set of positions: the text does not name a single option

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOOK_BACK = 200  # characters before a letter that are searched for a negation
_CUT = re.compile(r"[.;!?](?:\s|$)|, |\n|[)\]]| (?:because|since|as|which|who|with)(?!\w)|$")
_PIECE = 400  # characters after a lead-in that are compared with the options' texts
_BEGINS_WITH_LETTER = re.compile(r"[A-Za-z] \w")  # "A and C" may be an option's text
_WORD = re.compile(r"[^\W_]")
_TEXT_LETTER = re.compile(r"(.{1,400}?) ?[(\[](?P<inside>[A-Za-z])[)\]]\W{0,3}")


def option_position(match: re.Match[str], options: LetteredOptions) -> int | None:
    """Return the position of the option with the matched letter, or None if no option has it."""
    letter = next(filter(None, match.groupdict().values()), "")
    position = _LETTERS.find(letter.upper()) if letter else -1
    return position if 0 <= position < len(options) else None


def option_letters(
    pattern: re.Pattern[str], text: str, options: LetteredOptions
) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield (option position, match) for each match of a pattern that is an option letter."""
    for match in pattern.finditer(text):
        position = option_position(match, options)
        if position is not None:
            yield position, match


def is_denied(position: int, text: str, start: int, end: int, options: LetteredOptions) -> bool:
    """Return whether the option letter in text[start:end] is negated or called wrong.

    A negation stands before the letter ("not B"), a verdict after it ("B is wrong"). `position` is
    the position of the option with this letter.
    """
    after = options.skip(position, text, end)
    wrong = patterns.DENIED.match(text, end) or patterns.DENIED.match(text, after)
    return wrong is not None or is_negated(text, start)


def is_negated(text: str, start: int) -> bool:
    """Return whether the clause before text[start] contains a negation, a doubt or a condition."""
    window, begin = text[max(0, start - _LOOK_BACK) : start], 0
    for clause in patterns.CLAUSE.finditer(window):
        begin = clause.end()
    return patterns.NEGATED.search(window, begin) is not None


def names_another_letter(position: int, text: str, at: int, options: LetteredOptions) -> bool:
    """Return whether text[at:] begins with the letter of another option: "or C", ", C", "/C".

    `position` is the position of the option that is named before text[at].
    """
    item = patterns.FRONT.match(text, at + (text[at : at + 1] == " "))
    if item and option_position(item, options) not in (None, position):
        return True
    match = patterns.JOINED.match(text, at)
    letter = patterns.STATED_LETTER.match(text, match.end()) if match else None
    other = option_position(letter, options) if letter else None
    if letter is None or other is None:
        return False
    return other != position and patterns.DENIED.match(text, letter.end()) is None


def boxed_options(boxes: list[str], options: LetteredOptions) -> tuple[set[int], set[int]]:
    """Return the positions of the options that boxes name: by letter (first set), by text (second).

    `boxes` are the contents of the boxes, as `split_boxes` returns them.
    """
    letters: set[int] = set()
    texts: set[int] = set()
    for box in boxes:
        content = clean(box)
        stated = statements(content, options)
        own = _lone_letter(content, options) or _letter_and_text(content, options)
        letters |= own or set().union(*stated)
        texts |= set() if own else options.equal_options(content)
    return letters, texts


class Statements(NamedTuple):
    """The positions of the options that a text states, in three sets by kind of statement.

    A set contains CONTRADICTION if a statement names two options.
    """

    final: set[int]  # statements that contain a word such as "final"
    labelled: set[int]  # statements that fill a line: "Answer: B"
    others: set[int]


def statements(text: str, options: LetteredOptions) -> Statements:
    """Return the options that a text states as its answer.

    An option counts if it follows a lead-in ("the answer is B") or is called the answer ("B is the
    answer").
    """
    stated = Statements(set(), set(), set())
    for match in patterns.LEAD.finditer(text):
        positions, end = _stated_options(match, options)
        if positions and _leads(match):
            weight = 0 if _is_final(match) else 1 if _is_label(match, end) else 2
            stated[weight].update(positions)
    for position, match in option_letters(patterns.MENTIONED_LETTER, text, options):
        after = options.skip(position, text, match.end())
        if patterns.CALLED_ANSWER.match(text, after) and is_affirmed(position, match, options):
            stated.others.add(position)
    return stated


def is_affirmed(position: int, match: re.Match[str], options: LetteredOptions) -> bool:
    """Return whether the letter of an option is stated without a denial.

    A letter at the end of a list of letters ("A, B or C") is not affirmed either. `match` is the
    match of the letter, `position` the position of its option.
    """
    text, start = match.string, match.start()
    if patterns.JOINED_BEFORE.search(text, max(0, start - 30), start):
        return False
    return not is_denied(position, text, start, match.end(), options)


def _leads(match: re.Match[str]) -> bool:
    """Return whether a lead-in, such as "the answer is", introduces an answer.

    It does not if it is negated, or if it is about every option ("each option is").
    """
    text, start = match.string, match.start()
    before = text[max(0, start - 30) : start]
    if match["option"] and (
        not patterns.IS_LINK.search(match["rest"])
        or patterns.DISTRIBUTIVE.search(before)
        or patterns.PREDICATE.search(before)
    ):
        return False
    return not is_negated(text, start) and not patterns.NEGATED.search(match[0])


def _is_final(match: re.Match[str]) -> bool:
    start = match.start()
    return patterns.FINAL.search(match.string, max(0, start - 15), match.end()) is not None


def _is_label(match: re.Match[str], end: int) -> bool:
    """Return whether a lead-in and its option fill a whole line; the option ends at text[end]."""
    text, start = match.string, match.start()
    line = text.rfind("\n", max(0, start - 40), start) + 1
    if line == 0 and start > 40:
        return False
    below = text.find("\n", end)
    rest = text[end : below if below >= 0 else len(text)]
    return patterns.LABEL.fullmatch(text, line, start) is not None and not _WORD.search(rest)


def _stated_options(match: re.Match[str], options: LetteredOptions) -> tuple[set[int], int]:
    """Return the options that follow a lead-in, by letter or by text, and their end in the text.

    `match` is the match of the lead-in.
    """
    text, begin = match.string, match.start("rest")
    ends = [begin, *(link.end() for link in patterns.IS_LINK.finditer(text, begin, match.end()))]
    for at in dict.fromkeys([*ends[1:], match.end()] if ends[1:] else []):
        piece = _piece(text, at)
        if _BEGINS_WITH_LETTER.match(piece) and (positions := options.equal_options(piece)):
            return positions, text.index(piece, at) + len(piece)
    for at in dict.fromkeys([*ends, match.end()]):
        letter = patterns.STATED_LETTER.match(text, at)
        position = option_position(letter, options) if letter else None
        if letter and position is not None and _fits(match, letter, position, options):
            end = options.skip(position, text, letter.end())
            return _unless_denied(position, letter, options), end
    for at in dict.fromkeys([*ends[1:], match.end()] if ends[1:] else []):
        piece = _piece(text, at)
        positions = options.equal_options(piece)
        if positions:
            return positions, text.index(piece, at) + len(piece)
    return set(), match.end()


def _piece(text: str, at: int) -> str:
    """Return the clause that begins at text[at], on the same line or the next."""
    begin = at + len(text[at : at + 3]) - len(text[at : at + 3].lstrip())
    cut = _CUT.search(text, begin, begin + _PIECE)
    return text[begin : cut.start() if cut else begin + _PIECE]


def _fits(
    match: re.Match[str], letter: re.Match[str], position: int, options: LetteredOptions
) -> bool:
    """Return whether the letter after a lead-in can be the answer.

    A letter on the line after the lead-in may instead be the first item of a list of options.
    """
    text = match.string
    if "\n" not in text[match.start("rest") : letter.end()]:
        return True
    line, _, below = text[letter.end() :].partition("\n")
    item = patterns.FRONT.match(below)
    if item and option_position(item, options) not in (None, position):
        return False
    own = options.skip(position, line, 0) > 0 or _is_own(position, line, options)
    return match["answer"] is not None or own


def _is_own(position: int, line: str, options: LetteredOptions) -> bool:
    """Return whether the option's own text, or nothing, follows its letter.

    `line` is the text after the letter.
    """
    return not any(c.isalnum() for c in line[options.skip(position, line, 0) :])


def _unless_denied(position: int, letter: re.Match[str], options: LetteredOptions) -> set[int]:
    text, end = letter.string, letter.end()
    if patterns.DENIED.match(text, options.skip(position, text, end)) or patterns.DENIED.match(
        text, end
    ):
        return set()
    starting = options.starting_options(text[end : end + _PIECE])
    contradicted = starting and position not in starting
    continued = names_another_letter(position, text, options.skip(position, text, end), options)
    return {position, CONTRADICTION} if contradicted or continued else {position}


def option_lines(text: str, options: LetteredOptions) -> set[int]:
    """Return the options that form the first or the last line, by letter, text or both.

    A line with the letter and the text of an option does not count if it belongs to a list of the
    options.
    """
    lines = text.split("\n")
    items = [_listed_option(line, options) for line in lines]
    listed = {item for item in items if item is not None}
    positions: set[int] = set()
    for at in {0, len(lines) - 1}:
        item, neighbour = items[at], items[at - 1 if at else min(1, len(lines) - 1)]
        positions |= _lone_letter(lines[at], options) or options.equal_options(lines[at])
        if (
            item is None
            or listed == {item}
            or (
                items.count(item) > 1
                and (neighbour is None or (neighbour <= item if at == 0 else neighbour >= item))
            )
        ):
            positions |= _letter_and_text(lines[at], options)
    return positions


def _lone_letter(line: str, options: LetteredOptions) -> set[int]:
    """Return the option of a line that is only a letter, or that ends with a sentence like "B."."""
    match = patterns.ALONE.fullmatch(line) or patterns.NEARLY_ALONE.fullmatch(line)
    match = match or patterns.LAST_SENTENCE.search(line)
    position = option_position(match, options) if match else None
    return set() if position is None else {position}


def _letter_and_text(line: str, options: LetteredOptions) -> set[int]:
    """Return the option of a line that has both its letter and its text: "(B) dog" or "dog (B)".

    If the text belongs to another option, the set also contains CONTRADICTION.
    """
    front, back = patterns.FRONT.match(line), _TEXT_LETTER.fullmatch(line)
    match = front or back
    position = option_position(match, options) if match else None
    if match is None or position is None:
        return set()
    rest = line[match.end() :] if front else line[: match.end(1)]
    if front and any(c.isalnum() for c in rest) and _is_own(position, rest, options):
        return {position}
    whole = options.equal_options(rest)
    return ({position} if position in whole else {position, CONTRADICTION}) if whole else set()


def _listed_option(line: str, options: LetteredOptions) -> int | None:
    """Return the position of the option with which a line begins, by letter and text, or None."""
    front = patterns.FRONT.match(line)
    position = option_position(front, options) if front else None
    if front is None or position is None:
        return None
    return position if options.skip(position, line, front.end()) > front.end() else None
