"""Penn Treebank tokens of captions, without Java.

The tokens are those of `edu.stanford.nlp.process.PTBTokenizer -preserveLines -lowerCase` of
Stanford CoreNLP 3.4.1, which pycocoevalcap runs before BLEU, METEOR, ROUGE-L, CIDEr and SPICE. The
rules are our own, after that program's behaviour and its published definition of a token.

Tested equal to the Java program, token by token: on sentences written for each kind of token,
everywhere; and where Java is present on all captions, questions and transcripts of the real data
and on ten thousand sentences spliced from them with odd tokens and slips of the keyboard.

What differs, all of it rare:

- A text is read on its own, whatever comes next. Java reads one file, and so sees the next line:
  a line that ends in one letter and a full stop ("vitamin C.") loses the stop there when the next
  begins with a word such as "A" or "The", and a line that ends in "no." keeps it before a number;
  for us it is "c." and "no" with the stop apart. After "etc." and the like Java adds a stop of its
  own or not; no metric sees it. A tag whose quote is not closed on its line (`<a b="`) may take
  in the lines that follow. The last line of Java's file has no line break after it, which can
  part a smiley or a year such as "'90" at its very end.
- Java starts a new line, and so shifts all captions that follow, at a carriage return, vertical
  tab, form feed, U+2028 or U+2029 within a caption. For us they are spaces.
- Java and Python do not always agree which capital sigma ends a Greek word, and so becomes ς, where
  a hyphen, digit or sign stands beside it.
- An address may take in a space that does not break; pycocoevalcap strips one at the end of a line.
- A tag, or an address without "http://", is read as one token where its end is found within 1,000
  characters. Words and numbers have no such limit.
- A letter that Unicode got after version 6.3 is dropped, as in Java, also where Python would know
  it; the small form of a capital is that of Python's version of Unicode.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

from mmbench.metrics.captions.ptb.known import ABBREVIATION
from mmbench.metrics.captions.ptb.lexer import lex

# As pycocoevalcap has it. Its names of brackets have capitals, and the tokens have none: brackets
# stay, as "-lrb-" and "-rrb-".
_PUNCTUATION = frozenset(["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"])

# Between spaces, what is read alike whatever stands around.
_LETTER = r"[^\W\d_]"
_INDEPENDENT = re.compile(
    rf"(?:{_LETTER}|['\u2019-])*[,;:!?]?|(?!(?i:{ABBREVIATION})\.){_LETTER}+\."
)


def tokens(text: str) -> list[str]:
    """The tokens of one line, in lower case. A line break within is read as a space.

    A token is never empty and holds no space or line break. It may hold spaces that do not break,
    in place of its own: "1 1/2" and a tag with attributes are one token each. Nothing is an error:
    characters that the rules do not know, such as pictures, are dropped.
    Source: Stanford CoreNLP 3.4.1, `PTBTokenizer`.
    """
    parts = list(map(_part_tokens, text.split(" ")))
    return [*_line_tokens(text)] if None in parts else [*chain.from_iterable(filter(None, parts))]


def caption_tokens(text: str) -> list[str]:
    """The tokens of a caption without punctuation, as the caption metrics count them.

    Source: pycocoevalcap 1.2 `ptbtokenizer.py`.
    """
    return [token for token in tokens(text) if token not in _PUNCTUATION]


@lru_cache(maxsize=1 << 16)
def _part_tokens(part: str) -> tuple[str, ...] | None:
    return tuple(lex(part)) if _INDEPENDENT.fullmatch(part) else None


@lru_cache(maxsize=1 << 10)
def _line_tokens(text: str) -> tuple[str, ...]:
    return tuple(lex(text))
