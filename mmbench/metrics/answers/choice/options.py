"""The options of a question, and the search for them in a text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from mmbench.metrics.answers.choice.clean import clean
from mmbench.metrics.answers.text import plain_words

_PREFIX = re.compile(r"\s*(?:\(([A-Z])\)|([A-Z])[.):])\s+(?=\S)")
_NUMBER = re.compile(
    r"(?<!\S)([-+]?)[$€£¥₩₹]? ?([-+]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?: ?[$€£¥₩₹°])?(?!\S)"
)
_SIGNED = re.compile(r"(?<![\w)\]])[-–—−] ?[$€£¥]?\d|(?i:\b(?:minus|negative) )[$€£¥]?\d")
_MINUS = re.compile(
    r"(?<![\w)\]])(?<![\w)\]] )(?:-(?=[$€£¥])|[–—−] ?|(?i:minus|negative) )([$€£¥]?)(?=\.?\d)"
)
_SPACED = re.compile(r"(?<=[<>≤≥]) (?=[-.\d])")
_EQUALS = re.compile(r"(?<=\w)=(?=[-\d])")
_ARTICLE = re.compile(r"^\s*(?:the|an?) (?=\S)", re.IGNORECASE)

# Words that occur in any sentence. As options, they count only where they open a sentence.
_CLOSED = frozenset(
    [
        *["yes", "no", "not", "none", "all", "both", "either", "neither", "other", "same"],
        *["ja", "nein", "oui", "non", "sí", "si", "sì", "não", "nao", "sim", "да", "нет"],
        *["evet", "hayır", "tak", "nie"],
    ]
)
_NEGATED = re.compile(
    r"(?:\bnot|\b(?:is|are|was|were|do|does|did|ca|can|could|would|should|wo|has|have)nt|\bneither"
    r"|\bnor|\bnever|\bno|\bwithout|\brather than|\binstead of|\bcannot|\bnicht|\bkeine?|\bpas|\bni"
    r"|\bnão|\bнет|\bне)\s+(?:(?:be|look like|see|show|have|contain|include|really|likely|a single"
    r"|single|visible|on|in|at|to|of|from|with|under|de|um|uma|un|une|ein|eine|option)\s+){0,2}(?:[a-z]\s+)?(?:(?:an?|the|any)\s+)?$"
)
_DENIED = re.compile(
    r"\s+(?:is|are|was|were)(?:nt|\s+not)\b|\s+(?:is|are|was|were)\s+(?:wrong|incorrect|absent|false)\b"
)
_RIGHT = re.compile(r"\s+(?:answer|choice)")
_YES_NO = ("yes", "no")
_BEFORE_WORD = (
    r"(?<!\w)(?:so|thus|therefore|hence|definitely|certainly|probably|say|think|believe|guess),? "
    r"|(?<!\w)(?:based on|according to|looking at|judging by|in|from|given) [^.,;:!?\n]{1,60}, "
)
_LOOK_BACK = 60
_BREAK = re.compile(r"[,;:.!?](?=\s)|\n")  # ends a mention, unless an option contains a break

DENIED = -1  # in a set of positions: an option's text is mentioned and called wrong


class LetteredOptions:
    """The options of a question; the first has the letter A, the second the letter B, and so on.

    An option with a single letter as its text can be named only by the letter of its position.
    """

    def __init__(self, options: Sequence[str]) -> None:
        self.raw = [_without_prefix(at, option, options) for at, option in enumerate(options)]
        self._signed = any(_SIGNED.search(option) for option in options)
        plain = [plain_words(self._with_signs(clean(option))) for option in self.raw]
        numbers = [_canonical(words) for words in plain]
        self._by_number = len(set(numbers)) == len(set(plain))
        self.words = numbers if self._by_number else plain
        self.names = ["" if _is_letter(words) else words for words in self.words]
        self._letters = ["".join(filter(str.isalnum, clean(own).lower())) for own in self.raw]
        self._broken = any(_BREAK.search(option) for option in self.raw)
        self._longest = 2 * max(map(len, self.raw), default=0) + 40

    def __len__(self) -> int:
        return len(self.words)

    def plain(self, text: str) -> str:
        """Return the normal form of a text, in which it is compared with the options.

        Numbers get a canonical form, unless two options would become equal.
        """
        words = plain_words(self._with_signs(text))
        return _canonical(words) if self._by_number else words

    def _with_signs(self, text: str) -> str:
        """Return the text with uniform spaces at signs: "> 5" becomes ">5", "x=5" becomes "x = 5".

        If an option contains a negative number, any minus sign becomes "-".
        """
        text = _EQUALS.sub(" = ", _SPACED.sub("", text))
        return _MINUS.sub(r"\1-", text) if self._signed else text

    def equal_options(self, text: str) -> set[int]:
        """Return the positions of the options that equal a text, ignoring a leading article."""
        if len(text) > self._longest:
            return set()
        return self._equal(self.plain(text)) or self._equal(self.plain(_ARTICLE.sub("", text, 1)))

    def _equal(self, words: str) -> set[int]:
        return {
            at
            for at, own in enumerate(self.names)
            if own and (own == words or _ARTICLE.sub("", own) == words)
        }

    def starting_options(self, rest: str) -> set[int]:
        """Return the positions of the options with which the first line of `rest` begins."""
        line = self.plain(rest[: self._longest].split("\n", 1)[0]) + " "
        return {at for at, own in enumerate(self.words) if own and line.startswith(own + " ")}

    def skip(self, position: int, text: str, at: int) -> int:
        """Return the end of the option's text if text[at:] begins with this text, else `at`."""
        own = self._letters[position]
        letters, offsets = _letters_of(text)
        first = bisect_left(offsets, at)
        if not own or not letters.startswith(own, first):
            return at
        end = offsets[first + len(own) - 1] + 1
        limit = min(len(text), at + 2 * len(own) + 20)
        is_complete = end == limit or (end < limit and not text[end].isalnum())
        return end if is_complete else at

    def mentioned_options(self, text: str) -> set[int]:
        """Return the positions of the options with a text that occurs in a cleaned text.

        An option's text does not count if it is negated, or if it is part of the text of a longer
        option. The result contains DENIED if an option's text is called wrong.
        """
        pieces = [text] if self._broken else _BREAK.split(text)
        plain, positions = " | ".join(map(self.plain, pieces)), set()
        for words in sorted(set(filter(None, self.names)), key=len, reverse=True):
            if words in _CLOSED:
                is_named = _opens_sentence(words).search(text) is not None
            else:
                pattern = re.compile(rf"(?<!\S){re.escape(words)}(?!\S)")
                matches = [match for match in pattern.finditer(plain) if _is_affirmed(match, words)]
                is_named = bool(matches)
                if any(_DENIED.match(plain, match.end()) for match in matches):
                    positions.add(DENIED)
                plain = pattern.sub("~", plain)
            if is_named:
                positions |= {at for at, name in enumerate(self.names) if name == words}
        return positions


@lru_cache(maxsize=8)
def _letters_of(text: str) -> tuple[str, list[int]]:
    """Return the letters and digits of a text in lower case, and the offset of each in the text."""
    characters = [(char.lower(), at) for at, char in enumerate(text) if char.isalnum()]
    letters = "".join(lower if len(lower) == 1 else "\0" for lower, _ in characters)
    return letters, [at for _, at in characters]


@lru_cache(maxsize=4096)
def options_of(options: tuple[str, ...]) -> LetteredOptions:
    """Return the LetteredOptions for the texts of a question's options; results are cached."""
    return LetteredOptions(options)


def _without_prefix(at: int, option: str, options: Sequence[str]) -> str:
    """Return an option without its letter ("A. cat" → "cat"), if all options begin with one.

    `at` is the position of the option. Each option must begin with the letter of its position.
    """
    prefixes = [_PREFIX.match(text) for text in options]
    are_own = [match and ord(match[1] or match[2]) == 65 + n for n, match in enumerate(prefixes)]
    match = prefixes[at]
    return option[match.end() :] if match and all(are_own) else option


def _is_letter(words: str) -> bool:
    return len(words) == 1 and words.isascii() and words.isalpha()


def _canonical(words: str) -> str:
    """Return plain words with numbers in canonical form.

    A number loses its currency, its thousands separators, and trailing zeros after the decimal
    point.
    """
    return _NUMBER.sub(_number, words)


def _number(match: re.Match[str]) -> str:
    sign = "-" if "-" in match[1] + match[2] else ""
    decimals = (match[4] or "").rstrip("0").rstrip(".")
    return f"{sign}{match[3].replace(',', '')}{decimals}"


@lru_cache(maxsize=64)
def _opens_sentence(word: str) -> re.Pattern[str]:
    """Return a pattern for a word that opens a sentence: "No.", "Yes, it is", "I think no"."""
    more = (
        r" (?:and )?(?:it|there|this|that|the|because|since)(?!\w)" if word in _YES_NO else "(?!)"
    )
    return re.compile(
        rf"(?i)(?:^|[.!?:;\n] ?|{_BEFORE_WORD}){re.escape(word)}"
        rf"(?= ?[.,;:!\n)\]]| [-–—] |$|(?<=^{re.escape(word)}){more})"
    )


def _is_affirmed(match: re.Match[str], words: str) -> bool:
    """Return whether the words before an option's text do not negate it.

    `words` is the option's text. The text "right" does not count as an option before "answer" or
    "choice" ("the right answer").
    """
    text, start = match.string, match.start()
    if _NEGATED.search(text, max(0, start - _LOOK_BACK), start):
        return False
    return words != "right" or _RIGHT.match(text, match.end()) is None
