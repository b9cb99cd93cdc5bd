"""Building blocks of the PTB rules: patterns over the alphabet of `ptb.chars`."""

from __future__ import annotations

from mmbench.metrics.captions.ptb.known import ACRONYM_OF_TWO, SENTENCE_STARTS

# Characters, for use inside [ ].
LETTERS = "A-Za-z\u00aa\u00c0\u0130\u0131\u017f\u212a"
CAPITALS = "A-Z\u00c0\u0130\u212a\u2160\u24b6"
DIGITS = "0-9\u0660"
ROOM = " \t\u00a0\u2000"
LINE_ENDS = "\n\r\u2028\f\u0085"
STOPS = ",;:\u3001"

SPACE = f"[{ROOM}]"
BREAK = rf"(?:\r\n|[{ROOM}{LINE_ENDS}])"
APOSTROPHE = "(?:['\u0092]|(?i:&apos;))"
LIKE_APOSTROPHE = "(?:['\u0092`\u0091]|(?i:&apos;))"

# A word: letters, accents and digits, also across a full stop without a space ("dog.The").
_ENTITY = "&[aeiouAEIOU](?i:acute|grave|uml);"
LETTER = f"(?:[{LETTERS}\u0300\u00ad]|{_ENTITY})"
ALNUM = f"(?:[{LETTERS}\u0300\u00ad{DIGITS}]|{_ENTITY})"
WORD = rf"{LETTER}{ALNUM}*+(?:[.!?]{LETTER}{ALNUM}*+)*+"

# Endings of contractions, and the word before "n't".
SHORT = f"{APOSTROPHE}(?:[msdMSD]|(?i:re|ve|ll))"
NOT = f"(?i:n){LIKE_APOSTROPHE}(?i:t)"
BEFORE_NOT = r"[A-Za-z\u00ad]*[A-MO-Za-mo-z]\u00ad*"

# Compounds: "black-and-white", "jack-o'-lantern"; "3,000-foot", "post-U.S."; "AT&T".
_PART = f"[{LETTERS}{DIGITS}]"
_ITEM = f"(?:[dDoOlL]{LIKE_APOSTROPHE}{_PART})?{_PART}+"
COMPOUND = f"{_ITEM}(?:[-_\u2010]{_ITEM})*"
HYPHENATED = rf"[A-Za-z0-9][A-Za-z0-9.,\u00ad]*(?:-(?:{ACRONYM_OF_TWO}\.|[A-Za-z0-9\u00ad]+))+"
FIRM = "[A-Z]+(?:(?:(?i:&amp;)|[+&])[A-Z]+)+"
_SIDE = "[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}"
SLASHED = rf"{_SIDE}(?:\\?/{_SIDE}){{1,2}}"

# Numbers.
DATE = f"[{DIGITS}]{{1,2}}[-/][{DIGITS}]{{1,2}}[-/][{DIGITS}]{{2,4}}"
NUMBER = rf"[-+]?(?:[{DIGITS}]*(?:[.:,\u00ad\u066b][{DIGITS}]+)+|[{DIGITS}]+)"
_FEW = f"[{DIGITS}]{{1,4}}"
FRACTION = rf"(?:{_FEW}[- \u00a0])?{_FEW}(?:\\?/|\u2044){_FEW}"
_PREFIX = "[0-9]{2,4}[- \u00a0]"
_LOCAL = "[0-9]{3,4}[- \u00a0]?[0-9]{3,5}"
PHONES = (
    rf"\([0-9]{{2,3}}\)[ \u00a0]?{_LOCAL}",
    rf"(?:\+\+?)?{_PREFIX}{_PREFIX}{_LOCAL}",
    rf"(?:\+\+?)?{_PREFIX}{_LOCAL}",
    r"(?:(?:\+\+?)?[0-9]{2,4}\.)?[0-9]{2,4}\.[0-9]{3,4}\.[0-9]{3,5}",
)

# Addresses. A site without "www." is in lower case: its excluded class ranges from "," to "_".
_END = r' \t\n\f\r"<>|(){}'
_LAST = f"[^{_END}.!?,-]"
_PATH = rf'/[^ \t\n\f\r"<>|()]+{_LAST}'
_HOST = rf"(?i:www)\.(?:[^{_END}.!?,]+\.)+"
_MAIL = rf"[^{_END}.\u00a0]+"
SITE = rf"(?:[^ \t\n\f\r\"`'<>|.!?(){{}},-_$]+\.)+(?i:com|net|org|edu)(?:{_PATH})?"
ADDRESSES = (
    rf"(?i:https?)://[^{_END}]+{_LAST}",
    f"{_HOST}[a-zA-Z]{{2,4}}",
    f"{_HOST}?[a-zA-Z]{{2,4}}?{_PATH}",
    SITE,
    rf"(?:<|(?i:&lt;))?[a-zA-Z0-9][^{_END}\u00a0]*@(?:{_MAIL}\.)*{_MAIL}(?:>|(?i:&gt;))?",
    f"@[a-zA-Z_][a-zA-Z_0-9]*|#{LETTER}+",
)

# A tag with its attributes, which may contain spaces: <img src="a b.png" />.
_NAME = "[A-Za-z][A-Za-z0-9_:.-]*+"
_VALUE = "(?:'[^']*'|\"[^\"]*\")"
TAG = (
    rf"<(?:[!?][A-Za-z-][^>\r\n]*|/{_NAME}"
    rf"|{_NAME}(?: +{_NAME}(?: *= *{_VALUE})?)* */?) *>"
)
NEW_SENTENCE = f"{BREAK}+(?:{SENTENCE_STARTS}|{TAG}){BREAK}"

# Smileys.
SMILEY = r"[<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]]"
ASIAN_SMILEYS = (
    r"[\^x=~<>]\.\[\^(?i:x)=[^<]*<>\]|[-^x=~<>']_[-^x=~<>']",
    r"\([-^x=~<>'][_.]?[-^x=~<>']\)|\([\^x=~<>']-[\^x=~<>'`]\)",
)
