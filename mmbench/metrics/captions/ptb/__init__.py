"""Penn Treebank tokens of captions, without Java.

The tokens are those of `edu.stanford.nlp.process.PTBTokenizer -preserveLines -lowerCase` of
Stanford CoreNLP 3.4.1, which pycocoevalcap runs before BLEU, METEOR, ROUGE-L, CIDEr and SPICE. The
rules are our own; they follow the behaviour of that program and its published token definition.

The tests compare the tokens with the output of the Java program: on sentences written for each kind
of token; and, if Java is present, on all captions, questions and transcripts of the real data and
on ten thousand sentences that combine them with unusual tokens and typing errors.

The remaining differences are rare:

- Each text is read separately. Java reads one file, so that the next line can change a token: a
  line that ends in a letter and a full stop ("vitamin C.") loses the stop if the next line begins
  with a word such as "A" or "The", and a line that ends in "no." keeps it before a number. Here the
  tokens are "c." and "no" with a separate stop. After "etc." and the like Java may add a stop,
  which no metric counts. A tag with a quote that is not closed on its line (`<a b="`) may extend
  over the following lines. The last line of Java's file has no line break, which can split a smiley
  or a year such as "'90" at its end.
- Java starts a new line at a carriage return, vertical tab, form feed, U+2028 or U+2029 within a
  caption, which shifts all following captions. Here these characters are spaces.
- Java and Python do not always agree on which capital sigma ends a Greek word, and so becomes ς,
  next to a hyphen, digit or sign.
- An address may contain a no-break space; pycocoevalcap strips one at the end of a line.
- A tag, or an address without "http://", is one token only if its end is within 1,000 characters.
  Words and numbers have no such limit.
- A letter that is newer than Unicode 6.3 is dropped, as in Java, even if Python knows it. The
  lower-case form of a capital is that of Python's version of Unicode.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

from mmbench.metrics.captions.ptb.known import ABBREVIATION
from mmbench.metrics.captions.ptb.lexer import lex

# The punctuation list of pycocoevalcap. Its bracket names are in capitals, but tokens are in lower
# case: brackets remain, as "-lrb-" and "-rrb-".
_PUNCTUATION = frozenset(["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"])

# A part between spaces with tokens that do not depend on its context.
_LETTER = r"[^\W\d_]"
_INDEPENDENT = re.compile(
    rf"(?:{_LETTER}|['\u2019-])*[,;:!?]?|(?!(?i:{ABBREVIATION})\.){_LETTER}+\."
)


def tokens(text: str) -> list[str]:
    """Return the tokens of one line, in lower case. A line break inside it counts as a space.

    A token is never empty and contains no space or line break. It may contain no-break spaces in
    place of spaces: "1 1/2" and a tag with attributes are one token each. Characters that the rules
    do not know, such as emoji, are dropped; no text raises an error.
    Source: Stanford CoreNLP 3.4.1, `PTBTokenizer`.
    """
    parts = list(map(_part_tokens, text.split(" ")))
    return [*_line_tokens(text)] if None in parts else [*chain.from_iterable(filter(None, parts))]


def caption_tokens(text: str) -> list[str]:
    """Return the tokens of a caption without punctuation, as all caption metrics use them.

    Source: pycocoevalcap 1.2 `ptbtokenizer.py`.
    """
    return [token for token in tokens(text) if token not in _PUNCTUATION]


@lru_cache(maxsize=1 << 16)
def _part_tokens(part: str) -> tuple[str, ...] | None:
    return tuple(lex(part)) if _INDEPENDENT.fullmatch(part) else None


@lru_cache(maxsize=1 << 10)
def _line_tokens(text: str) -> tuple[str, ...]:
    return tuple(lex(text))
