"""The rules of the PTB tokenizer: what may be a token at a place of the text.

The rule that reaches farthest wins, the first of equals; so the order matters. A rule may look
past its token, and what it saw there counts as reached.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mmbench.metrics.captions.ptb import known, write
from mmbench.metrics.captions.ptb import pieces as of

Write = Callable[[str], str] | str | None


@dataclass(frozen=True)
class TokenRule:
    """A pattern whose first group, or else the whole, is the token, and how that is written.

    `write`: what to make of it, or a text to put in its place; without one it stays as it is, and
    an empty text is no token. `again`: the full stop at its end is read once more, on its own.
    """

    pattern: re.Pattern[str]
    write: Write = None
    again: bool = False


def _rule(pattern: str, write: Write = None, again: bool = False) -> TokenRule:
    return TokenRule(re.compile(pattern), write, again)


_WORDS = [
    _rule(r"(?i:c)\+\+|(?i:c|f)#"),
    _rule("((?i:can))(?i:not)"),
    _rule("('(?i:t))(?i:was|is)"),
    _rule("((?i:gon|wan))(?i:na)"),
    _rule("((?i:got))(?i:ta)"),
    _rule("((?i:lem|gim))(?i:me)"),
    _rule(of.TAG, write.unbroken),
    _rule("&(?i:md|mdash|ndash);|\u0096", "--"),
    _rule("(?i:&amp;)", "&"),
    _rule("&(?i:ht|tl|ur|lr|qc|ql|qr|odq|cdq|#[0-9]+);"),
    _rule(f"({of.WORD}){of.SHORT}", write.soft),
    _rule(f"({of.BEFORE_NOT}){of.NOT}", write.soft),
    _rule(of.WORD, write.soft),
    _rule(f"{of.APOSTROPHE}(?i:n){of.APOSTROPHE}?"),
    _rule(f"(?:[lLdDjJ]|(?i:dunkin|somethin|ol)){of.APOSTROPHE}"),
    _rule(f"{of.APOSTROPHE}(?:(?i:em|till?|cause)|[2-9]0(?i:s))"),
    _rule(f"[A-HJ-XZn]{of.LIKE_APOSTROPHE}[{of.LETTERS}]{{2,}}"),
    _rule(f"[{of.LETTERS}]+[aeiouyAEIOUY]{of.LIKE_APOSTROPHE}[aeiouA-Z][{of.LETTERS}]*"),
    _rule(r"(?i:cont'd\.?|nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l)"),
    _rule(f"(?i:o){of.LIKE_APOSTROPHE}(?i:o)"),
    _rule(f"((?i:y){of.APOSTROPHE})[{of.LETTERS}]"),
    *map(_rule, of.ADDRESSES),
    _rule(f"({of.SHORT}|{of.NOT})[^A-Za-z]", write.closing),
]
_NUMBERS = [
    _rule(of.DATE),
    _rule(of.NUMBER, write.soft),
    _rule("\u207a?(?:\u00b2+|\u2080+)"),
    _rule(of.FRACTION, write.unbroken),
    _rule("\u00bc", write.fraction),
]
_ABBREVIATIONS = [
    _rule(r"-(?i:[rl][rcs]b)-|(?i:c\.d\.s|pro-|anti-)"),
    _rule(
        rf"(?i:s(?:&|&amp;)(?:p-500|ls)|cap{of.APOSTROPHE}n|c{of.APOSTROPHE}est)", write.ampersand
    ),
    _rule(of.SLASHED),
    _rule(r"[A-Z]*\$|#"),
    _rule("\u00a2", write.currency),
    _rule(rf"([A-Za-z])\.{of.NEW_SENTENCE}"),
    _rule(rf"({known.ACRONYM_OF_TWO}\.){of.NEW_SENTENCE}", again=True),
    _rule(rf"({known.BEFORE_NUMBERS}\.){of.BREAK}?[{of.DIGITS}]"),
    _rule(rf"({known.PLURAL_COMPANY}){of.SPACE}(?i:ltd|lim)"),
    _rule(rf"({known.MAY_END}\.){of.BREAK}(?:{of.BREAK}|[{of.CAPITALS}]|{of.TAG})", again=True),
    _rule(rf"({known.MAY_END}\.)[\s\S]{{2}}"),
    _rule(rf"{known.MAY_END}\.", again=True),
    _rule(rf"{known.NEVER_ENDS}\."),
    _rule(f"({known.NEVER_ENDS}){of.SPACE}"),
    _rule(f"({known.ACRONYM}|{of.APOSTROPHE}[0-9][0-9]){of.BREAK}"),
    _rule(rf"({of.ALNUM}+(?:\.{of.ALNUM}+)*\.{known.FILE_TYPES})(?:{of.BREAK}|[.?!,])"),
    _rule(rf"({of.WORD}\.)[{of.STOPS}]", write.soft),
    *(_rule(phone, write.phone) for phone in of.PHONES),
]
_MARKS = [
    _rule('("|(?i:&quot;))[A-Za-z0-9$]', write.opening),
    _rule('"|(?i:&quot;)', write.closing),
    _rule("<|(?i:&lt;)", "<"),
    _rule(">|(?i:&gt;)", ">"),
    _rule(f"({of.SMILEY})[^A-Za-z0-9]", write.parens),
    *(_rule(face, write.parens) for face in of.ASIAN_SMILEYS),
    _rule(r"[{}\[\]()]", write.bracket),
    _rule("-+", write.hyphens),
    _rule(r"\.{3,5}|(?:\.[ \u00a0]){2,4}\.|[\u0085\u2026]", "..."),
    _rule(rf"@+|#+|_+|\*+|(?:\\\*){{1,3}}|[{of.STOPS}.=/]|[?!]+"),
    _rule(rf"({of.HYPHENATED}\.)[{of.STOPS}]", write.soft),
    _rule(of.HYPHENATED, write.soft),
    _rule(rf"({of.COMPOUND}\.)[{of.STOPS}]"),
    _rule(of.COMPOUND),
    _rule(rf"({of.FIRM}\.)[{of.STOPS}]", write.ampersand),
    _rule(of.FIRM, write.ampersand),
    _rule(r"(')[A-Za-z][^ \t\n\r\u00a0]", write.opening),
    _rule(f"{of.SHORT}|{of.NOT}", write.closing),
    _rule(f"''|[`\u0091\u0092\u0093]{{2}}|{of.APOSTROPHE}|[`\u0091\u0093]", write.closing),
    _rule(r"<<|>>|[+%&~^|\\\u00a7\u24b6\u2044\u00b2\u207a]"),
    _rule(rf"[{of.ROOM}]+|[\u007f\u200b{of.LINE_ENDS}]|(?i:&nbsp;)", ""),
]
RULES = [*_WORDS, *_NUMBERS, *_ABBREVIATIONS, *_MARKS]
SITE = _rule(of.SITE)  # the only rule for a token that begins with an unknown character
