r"""Which option a free text names, or none: never a guess.

An option is named by its letter (A is the first) or by its text. The first rule that applies
decides; where it finds two options, none is named.

1. What stands in \boxed{…} is read in place of the whole text.
2. The text is a letter and nothing else ("b", "(B).", "**B**"), or an option's text.
3. Its first or last line is, or it says "the answer is B", "Answer: (B)", "I choose B", "B is
   correct".
4. A letter in front with a mark after it: "B. dog", "b) dog", "(B) dog", "B: dog".
5. A letter in brackets, or a capital in front or after a word such as "is", "option", "think";
   there must be no other capital that stands alone. A letter within an option's text is text.
6. An option's text, as whole words; one within a longer one does not count ("dog" in "hot dog").

A letter goes before texts, but names nothing where the text right after it (rules 3 and 4), or
every text that is mentioned (rule 5), is that of another option. An A or I before a word is an
article or a pronoun ("A dog is", "I think"). What follows "not", "isn't" or "neither" is not named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from mmbench.metrics.answer_text import plain_words

_BOXED = re.compile(r"\\boxed\s*\{\s*(?:\\(?:text|mathrm|textbf|mathbf)\s*\{)?([^{}]*)\}")
_DECORATION = re.compile(r"[*`\"“”]|__|\\[()\[\]]|\$(?=[A-Z]\$)|(?<=\$[A-Z])\$")
_ALONE = re.compile(r"[\s(\[{<]*([A-Za-z])[\s)\]}>.:,;!]*")
# After an article there is a word; after the letter A there may be one of these.
_AFTER_LETTER = r"(?:because|since|as|and|or|is|which|based|due|given|but|not)\b"
_LETTER = (
    r"(?:(?<!\w)[(\[]\s*(?P<inside>[A-Za-z])\s*[)\]]"
    r"|(?<![\w'’.-])(?P<bare>[A-Z])(?![\w'’]|[-.]\w)"
    rf"(?:(?<![AI])|(?!\s+\w)|(?=\s+{_AFTER_LETTER})))"
    r"(?!\s+(?:is|was|seems)(?:n['’]t|\s+(?:not|wrong|incorrect|false))\b)"
)
_MENTION = re.compile(_LETTER)
_ANSWER = r"(?:\b(?i:answer|(?:choice|option|selection)(?=\s*(?:is\b|:|=)))"
_LINK = r"(?:\s*(?::|=|->|→|-)|\s+(?i:is|was|would\s+be|should\s+be|must\s+be))*"
_CHOOSE = r"|\b(?i:choose|pick|select|go\s+with|going\s+with))"
_FILL = r"(?:\s+(?i:option|choice|letter|likely|most|probably|clearly|definitely))*\s*"
_BY_NAME = re.compile(
    rf"{_ANSWER}{_LINK}{_CHOOSE}{_FILL}(?:{_LETTER}|(?P<small>[a-z])(?=\W*(?:$|\n)))"
)
_RIGHT = r"\s+is\s+(?i:the\s+)?(?i:most\s+|only\s+)?(?i:correct|right|best|true|answer|accurate)\b"
_BY_PRAISE = re.compile(_LETTER + _RIGHT)
_FRONT = re.compile(r"[(\[]?(?P<inside>[A-Za-z])(?:[)\].:]|\s*[-–—]\s|(?=,\s))")
_MARKED = re.compile(r"[(\[](?P<inside>[A-Za-z])[)\]]|(?<![\w'’.-])(?P<bare>[A-Z])[).:](?!\w)")
_AND = re.compile(rf"\s*(?:,|/|&|\bor\b|\band\b)+\s*(?:or\s+|and\s+)?(?:option\s+)?{_LETTER}")
_BEFORE = re.compile(
    r"(?:^|\b(?:is|be|s|option|choice|letter|answer|think|say|guess|believe|maybe|perhaps|probably"
    r"|possibly|but|either|therefore|so|hence|with|choose|pick|select)[\s:,]+)$",
    re.IGNORECASE,
)
_NOT = (
    r"(?:\bnot|n['’]t|\bneither|\bnor|\bnever|\brather than|\binstead of)\s+(?:(?:be|an?|the)\s+)?"
)
_LOOK_BACK = 40  # characters; more would take time that grows with the square of the text
_NEGATED = re.compile(_NOT + r"(?:option\s+|choice\s+)?$", re.IGNORECASE)
_NEGATED_WORDS = re.compile(
    r"(?:\bnot|\b(?:is|are|was|were|do|does|did|ca|could|would|should|wo)nt|\bneither|\bnor|\bnever"
    r"|\brather than|\binstead of)\s+(?:be\s+|look like\s+)?(?:(?:an?|the|any)\s+)?$"
)


def named_option(text: str, options: Sequence[str]) -> int | None:
    """The position of the only option that a text names, or None.

    Options have the letters A, B, … by their position; there are at most 26.
    """
    boxed = {_named(content, options) for content in _BOXED.findall(text)}
    if boxed:
        return boxed.pop() if len(boxed) == 1 else None
    return _named(text, options)


def _named(text: str, options: Sequence[str]) -> int | None:
    lines = [line.strip() for line in _DECORATION.sub("", text).splitlines() if line.strip()]
    if not lines:
        return None
    clean, texts = "\n".join(lines), [plain_words(option) for option in options]
    whole = _whole(text, texts) | _whole(clean, texts)
    stated = _whole(lines[0], texts) | _whole(lines[-1], texts) | _stated(clean, texts)
    for found in (whole, stated, _in_front(clean, texts)):
        if found:
            return _only(found)
    return _mentioned(clean, texts, options)


def _only(found: set[int]) -> int | None:
    """The only place, unless it is that of no option (-1, which stands for a contradiction)."""
    place = next(iter(found)) if len(found) == 1 else -1
    return place if place >= 0 else None


def _whole(text: str, texts: list[str]) -> set[int]:
    alone = _ALONE.fullmatch(text)
    plain = plain_words(text)
    found = {place for place, words in enumerate(texts) if words and words == plain}
    return found | ({_place(alone[1])} & set(range(len(texts))) if alone else set())


def _place(letter: str) -> int:
    return ascii_uppercase.index(letter.upper())


def _letters(
    pattern: re.Pattern[str], text: str, count: int
) -> Iterator[tuple[int, re.Match[str]]]:
    """The places that a pattern's letters name, those of the options alone."""
    for match in pattern.finditer(text):
        letter = next((found for found in match.groupdict().values() if found), None)
        if letter and _place(letter) < count:
            yield _place(letter), match


def _stated(text: str, texts: list[str]) -> set[int]:
    found = set()
    for pattern in (_BY_NAME, _BY_PRAISE):
        for place, match in _letters(pattern, text, len(texts)):
            if not _just_before(_NEGATED, match):
                found |= _unless_denied(place, text[match.end() :], texts)
    return found


def _in_front(text: str, texts: list[str]) -> set[int]:
    front = _FRONT.match(text)
    if front is None or _place(front["inside"]) >= len(texts):
        return set()
    rest = text[front.end() :]
    others = {place for place, _ in _letters(_MARKED, rest, len(texts))}
    return others | _unless_denied(_place(front["inside"]), rest, texts)


def _unless_denied(place: int, rest: str, texts: list[str]) -> set[int]:
    """The place, and -1 as well where `rest` goes on with another letter or another's text."""
    more = _AND.match(rest)
    goes_on = plain_words(rest.split("\n")[0]) + " "
    begun = [at for at, words in enumerate(texts) if words and goes_on.startswith(f"{words} ")]
    return {place, -1} if more or (begun and place not in begun) else {place}


def _mentioned(text: str, texts: list[str], options: Sequence[str]) -> int | None:
    masked = text
    for option in sorted(options, key=len, reverse=True):
        if len(option.strip()) > 1:
            masked = re.sub(rf"(?<!\w){re.escape(option.strip())}(?!\w)", "xx", masked, flags=re.I)
    letters = list(_letters(_MENTION, masked, len(texts)))
    letters = [(at, m) for at, m in letters if not _just_before(_NEGATED, m)]
    by_text = _by_text(plain_words(text), texts)
    if not letters:
        return _only(by_text)
    sure = {at for at, m in letters if m["inside"] or _just_before(_BEFORE, m)}
    if sure:
        agreed = {at for at, _ in letters} == sure and (not by_text or sure & by_text)
        return _only(sure) if agreed else None
    return _only(by_text)


def _by_text(plain: str, texts: list[str]) -> set[int]:
    found = set()
    for words in sorted({words for words in texts if words}, key=len, reverse=True):
        pattern = rf"(?<!\S){re.escape(words)}(?!\S)"
        named = [m for m in re.finditer(pattern, plain) if not _just_before(_NEGATED_WORDS, m)]
        if named:
            found |= {place for place, other in enumerate(texts) if other == words}
        plain = re.sub(pattern, "~", plain)
    return found


def _just_before(pattern: re.Pattern[str], match: re.Match[str]) -> bool:
    """Whether a pattern, which ends in $, matches right before a match."""
    start = match.start()
    return pattern.search(match.string, max(0, start - _LOOK_BACK), start) is not None
