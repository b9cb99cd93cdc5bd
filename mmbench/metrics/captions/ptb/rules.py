"""The rules of the PTB tokenizer; each rule has a pattern for one form of token.

The longest match wins. If two matches are equally long, the rule that is listed first wins, so the
order matters. A pattern may extend beyond its token; this context counts towards the length of the
match.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mmbench.metrics.captions.ptb import known, pieces, write

Write = Callable[[str], str] | str | None


@dataclass(frozen=True)
class TokenRule:
    """A pattern for a token, and the conversion of the token to its output form.

    The token is the first group of the pattern, or the whole match if the pattern has no group.
    `write` is a function that converts the token, a string that replaces it, or None to keep it; an
    empty string gives no token. If `again` is true, a full stop at the end of the token is also
    returned as a separate token.
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
    _rule(pieces.TAG, write.unbroken),
    _rule("&(?i:md|mdash|ndash);|\u0096", "--"),
    _rule("(?i:&amp;)", "&"),
    _rule("&(?i:ht|tl|ur|lr|qc|ql|qr|odq|cdq|#[0-9]+);"),
    _rule(f"({pieces.WORD}){pieces.SHORT}", write.soft),
    _rule(f"({pieces.BEFORE_NOT}){pieces.NOT}", write.soft),
    _rule(pieces.WORD, write.soft),
    _rule(f"{pieces.APOSTROPHE}(?i:n){pieces.APOSTROPHE}?"),
    _rule(f"(?:[lLdDjJ]|(?i:dunkin|somethin|ol)){pieces.APOSTROPHE}"),
    _rule(f"{pieces.APOSTROPHE}(?:(?i:em|till?|cause)|[2-9]0(?i:s))"),
    _rule(f"[A-HJ-XZn]{pieces.LIKE_APOSTROPHE}[{pieces.LETTERS}]{{2,}}"),
    _rule(
        f"[{pieces.LETTERS}]+[aeiouyAEIOUY]{pieces.LIKE_APOSTROPHE}[aeiouA-Z][{pieces.LETTERS}]*"
    ),
    _rule(r"(?i:cont'd\.?|nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l)"),
    _rule(f"(?i:o){pieces.LIKE_APOSTROPHE}(?i:o)"),
    _rule(f"((?i:y){pieces.APOSTROPHE})[{pieces.LETTERS}]"),
    *map(_rule, pieces.ADDRESSES),
    _rule(f"({pieces.SHORT}|{pieces.NOT})[^A-Za-z]", write.closing),
]
_NUMBERS = [
    _rule(pieces.DATE),
    _rule(pieces.NUMBER, write.soft),
    _rule("\u207a?(?:\u00b2+|\u2080+)"),
    _rule(pieces.FRACTION, write.unbroken),
    _rule("\u00bc", write.fraction),
]
_ABBREVIATIONS = [
    _rule(r"-(?i:[rl][rcs]b)-|(?i:c\.d\.s|pro-|anti-)"),
    _rule(
        rf"(?i:s(?:&|&amp;)(?:p-500|ls)|cap{pieces.APOSTROPHE}n|c{pieces.APOSTROPHE}est)",
        write.ampersand,
    ),
    _rule(pieces.SLASHED),
    _rule(r"[A-Z]*\$|#"),
    _rule("\u00a2", write.currency),
    _rule(rf"([A-Za-z])\.{pieces.NEW_SENTENCE}"),
    _rule(rf"({known.ACRONYM_OF_TWO}\.){pieces.NEW_SENTENCE}", again=True),
    _rule(rf"({known.BEFORE_NUMBERS}\.){pieces.BREAK}?[{pieces.DIGITS}]"),
    _rule(rf"({known.PLURAL_COMPANY}){pieces.SPACE}(?i:ltd|lim)"),
    _rule(
        rf"({known.MAY_END}\.){pieces.BREAK}(?:{pieces.BREAK}|[{pieces.CAPITALS}]|{pieces.TAG})",
        again=True,
    ),
    _rule(rf"({known.MAY_END}\.)[\s\S]{{2}}"),
    _rule(rf"{known.MAY_END}\.", again=True),
    _rule(rf"{known.NEVER_ENDS}\."),
    _rule(f"({known.NEVER_ENDS}){pieces.SPACE}"),
    _rule(f"({known.ACRONYM}|{pieces.APOSTROPHE}[0-9][0-9]){pieces.BREAK}"),
    _rule(rf"({pieces.ALNUM}+(?:\.{pieces.ALNUM}+)*\.{known.FILE_TYPES})(?:{pieces.BREAK}|[.?!,])"),
    _rule(rf"({pieces.WORD}\.)[{pieces.STOPS}]", write.soft),
    *(_rule(phone, write.phone) for phone in pieces.PHONES),
]
_MARKS = [
    _rule('("|(?i:&quot;))[A-Za-z0-9$]', write.opening),
    _rule('"|(?i:&quot;)', write.closing),
    _rule("<|(?i:&lt;)", "<"),
    _rule(">|(?i:&gt;)", ">"),
    _rule(f"({pieces.SMILEY})[^A-Za-z0-9]", write.parens),
    *(_rule(face, write.parens) for face in pieces.ASIAN_SMILEYS),
    _rule(r"[{}\[\]()]", write.bracket),
    _rule("-+", write.hyphens),
    _rule(r"\.{3,5}|(?:\.[ \u00a0]){2,4}\.|[\u0085\u2026]", "..."),
    _rule(rf"@+|#+|_+|\*+|(?:\\\*){{1,3}}|[{pieces.STOPS}.=/]|[?!]+"),
    _rule(rf"({pieces.HYPHENATED}\.)[{pieces.STOPS}]", write.soft),
    _rule(pieces.HYPHENATED, write.soft),
    _rule(rf"({pieces.COMPOUND}\.)[{pieces.STOPS}]"),
    _rule(pieces.COMPOUND),
    _rule(rf"({pieces.FIRM}\.)[{pieces.STOPS}]", write.ampersand),
    _rule(pieces.FIRM, write.ampersand),
    _rule(r"(')[A-Za-z][^ \t\n\r\u00a0]", write.opening),
    _rule(f"{pieces.SHORT}|{pieces.NOT}", write.closing),
    _rule(f"''|[`\u0091\u0092\u0093]{{2}}|{pieces.APOSTROPHE}|[`\u0091\u0093]", write.closing),
    _rule(r"<<|>>|[+%&~^|\\\u00a7\u24b6\u2044\u00b2\u207a]"),
    _rule(rf"[{pieces.ROOM}]+|[\u007f\u200b{pieces.LINE_ENDS}]|(?i:&nbsp;)", ""),
]
RULES = [*_WORDS, *_NUMBERS, *_ABBREVIATIONS, *_MARKS]
SITE = _rule(pieces.SITE)  # the only rule for a token that begins with an unknown character
