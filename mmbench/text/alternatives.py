"""References with alternative words, as in NIST transcripts: `i've { um / uh / @ } as far`.

Source: usnistgov/SCTK doc/infmts.htm, "trn":

    ALTERNATE := "{" TEXT ALT+ "}"    ALT := "/" TEXT    TEXT := words | "@" | ALTERNATE

`@` is the null word: no word is required in its place. A reference without alternatives is a
string. A reference with alternatives is a mapping that can be stored as JSON:

    {"alternatives": ["i've", [["um"], ["uh"], []], "as far"]}

Each piece is a string or a list of choices; a choice is again a list of pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TypeAlias

_KEY = "alternatives"
_NULL = "@"
_DEEPEST = 20  # levels of nested alternatives
# An opening brace counts only at the start of a word; a closing brace counts anywhere after it.
_OPENS = re.compile(r"(?:^|\s)\{")
_BRACED = re.compile(r"(?:^|\s)\{([^{}]*)\}")
_SLASH = re.compile(r"\s/\s")
_WORD = re.compile(r"[^ \t\n\r\f\v]+")  # a no-break space is part of a word, as in jiwer and sclite

# A string, or a list of choices; each choice is a list of pieces.
Piece: TypeAlias = "str | list[list[Piece]]"
Reference = str | dict[str, list[Piece]]


def opens_alternatives(text: str) -> bool:
    """Return whether a word of a text begins with an opening brace."""
    return bool(_OPENS.search(text))


def has_alternatives(text: str) -> bool:
    """Return whether a text has a pair of braces that contains a slash as a separate word."""
    return any(_SLASH.search(braced[1]) for braced in _BRACED.finditer(text))


def words_of(text: str) -> list[str]:
    """Return the words of a text; they are separated by ASCII whitespace."""
    return _WORD.findall(text)


def without_null_words(text: str) -> str:
    """Return the text without null words (`@`)."""
    words = words_of(text)
    return " ".join(word for word in words if word != _NULL) if _NULL in words else text


def parse(text: str) -> Reference:
    """Parse a reference; return a string, or a mapping with pieces if it has alternatives.

    Raises ValueError, with the reason, for an unmatched brace and for an empty choice.
    """
    if not opens_alternatives(text):
        return without_null_words(text)
    tokens = _tokens(text)
    pieces: list[Piece] = []
    for token in tokens:
        _append(pieces, _choices(tokens) if token == "{" else token)
    return {_KEY: pieces}


def _tokens(text: str) -> Iterator[str]:
    """Yield words, braces and slashes; a closing brace is a token only inside braces."""
    depth = 0
    for word in words_of(text):
        while word.startswith("{"):
            depth += 1
            yield "{"
            word = word[1:]
        while depth and "}" in word:
            before, _, word = word.partition("}")
            yield from filter(None, [before])
            depth -= 1
            yield "}"
        yield from filter(None, [word])


def _choices(tokens: Iterator[str], depth: int = 1) -> list[list[Piece]]:
    """Return the choices up to the closing brace; the opening brace has already been read."""
    if depth > _DEEPEST:
        raise ValueError(f"alternatives are nested more than {_DEEPEST} levels deep")
    choices: list[list[Piece]] = []
    choice: list[Piece] = []
    empty = True
    for token in tokens:
        if token not in ("/", "}"):
            _append(choice, _choices(tokens, depth + 1) if token == "{" else token)
            empty = False
            continue
        if empty:
            raise ValueError("an alternative is empty; write `@` for no word")
        choices.append(choice)
        if token == "}":
            return choices
        choice, empty = [], True
    raise ValueError("a brace is not closed; write alternatives as `{ a / b }`")


def _append(pieces: list[Piece], piece: Piece) -> None:
    """Append a word or choices: adjacent words are joined to one string, null words are skipped."""
    if piece == _NULL:
        return
    if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
        pieces[-1] = f"{pieces[-1]} {piece}"
    else:
        pieces.append(piece)


def pieces_of(reference: object) -> list[Piece] | None:
    """Return the pieces of a reference with alternatives; None for any other target."""
    if isinstance(reference, dict) and reference.keys() == {_KEY}:
        return reference[_KEY] if _are_pieces(reference[_KEY]) else None
    return None


def join_references(references: Sequence[object]) -> object:
    """Return references one after another, joined by a space; empty texts are left out.

    A single reference, and a target that is neither a text nor has alternatives, is returned
    unchanged.
    """
    pieces = [[one] if isinstance(one, str) else pieces_of(one) for one in references]
    others = [one for one, own in zip(references, pieces, strict=True) if own is None]
    if others or len(references) == 1:
        return others[0] if others else references[0]
    joined = [piece for own in pieces for piece in own or []]
    texts = [piece.strip() if isinstance(piece, str) else piece for piece in joined]
    if all(isinstance(piece, str) for piece in texts):
        return " ".join(filter(None, map(str, texts)))
    return {_KEY: [piece for piece in texts if piece]}


def _are_pieces(value: object, depth: int = 0) -> bool:
    """Return whether a value from a file consists of strings and lists of choices."""
    return (
        isinstance(value, list)
        and depth <= _DEEPEST
        and all(
            isinstance(piece, str)
            or (isinstance(piece, list) and all(_are_pieces(choice, depth + 1) for choice in piece))
            for piece in value
        )
    )


def format_pieces(pieces: list[Piece]) -> str:
    """Return the pieces of a reference as text, with braces and slashes as in a transcript.

    If no word contains a brace, `parse` returns the same pieces again.
    """
    return " ".join(p if isinstance(p, str) else _format_choices(p) for p in pieces)


def _format_choices(choices: list[list[Piece]]) -> str:
    return "{ " + " / ".join(format_pieces(choice) or _NULL for choice in choices) + " }"


def first_reading(pieces: list[Piece]) -> str:
    """Return the text in which each alternative is replaced by its first choice."""
    parts = [p if isinstance(p, str) else first_reading(p[0]) for p in pieces]
    return " ".join(filter(None, parts))


def reference_text(reference: object) -> str:
    """Return a reference as text; with alternatives, its first reading."""
    pieces = pieces_of(reference)
    return str(reference) if pieces is None else first_reading(pieces)


def count_readings(pieces: list[Piece]) -> int:
    """Return the number of combinations of choices, even if some of them give equal texts."""
    number = 1
    for piece in pieces:
        if not isinstance(piece, str):
            number *= sum(count_readings(choice) for choice in piece)
    return number


def readings(pieces: list[Piece]) -> list[str]:
    """Return the distinct texts of all combinations of choices, in the order of the choices."""
    parts = [
        [piece] if isinstance(piece, str) else [text for c in piece for text in readings(c)]
        for piece in pieces
    ]
    texts = (" ".join(filter(None, chosen)) for chosen in product(*parts))
    return list(dict.fromkeys(texts))
