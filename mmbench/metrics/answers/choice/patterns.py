"""Patterns for the letters of options and for statements about them, built from the word table.

All patterns expect cleaned text (`mmbench.metrics.answers.choice.clean`). Every repetition is
bounded, so that matching takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from mmbench.metrics.answers.choice.words import LANGUAGES

# Scripts without spaces between words: a letter may directly follow or precede their characters.
_UNSPACED = r"\u0e00-\u0e7f\u3005-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_W = rf"[^\W{_UNSPACED}]"  # a character of a word of any other script


def _words(field: str) -> str:
    """Return a pattern for the words of all languages in one field of the table."""
    listed = {
        word for language in LANGUAGES.values() for word in getattr(language, field).split("|")
    }
    words = sorted(listed - {""})
    short = [word for word in words if len(word) == 1 and word.isascii()]
    unspaced = [word for word in words if re.search(rf"^[{_UNSPACED}':]|[{_UNSPACED}]$", word)]
    spaced = [word for word in words if word not in short and word not in unspaced]
    return rf"(?:(?<!{_W})(?:(?i:{_any(spaced)})|{_any(short)})(?!{_W})|(?i:{_any(unspaced)}))"


def _any(words: Collection[str]) -> str:
    """Return a pattern that matches any of the words.

    It is built as a prefix tree, which matches faster than a list of alternatives.
    """
    tails: dict[str, set[str]] = {}
    for word in filter(None, words):
        tails.setdefault(word[0], set()).add(word[1:])
    if not tails:
        return "" if words else "(?!)"
    branches = "|".join(re.escape(first) + _any(tails[first]) for first in sorted(tails))
    return f"(?:{branches})" + ("?" if "" in words else "")


_SIGN = r"(?::|=|→|->|=>|–|—|\]|-(?!\d))"
_LINK = rf"(?:{_SIGN}|{_words('links')})"
_FILL = _words("fills")
_AFTER_ARTICLE = r"because|since|as|which|based|due|given|but|not|for|hence|so|therefore"
# A and I before a word or a count are an article and a pronoun, unless the word continues a
# statement about the letter.
_NO_ARTICLE = (
    r"(?:(?<![AI])|(?! (?:[A-Za-zÀ-ÿ]|\d+[- ]?[A-Za-z]))"
    rf"|(?= (?:(?:{_AFTER_ARTICLE})(?!{_W})|{_words('links')}|{_words('joins')})))"
)
_ENDINGS = _words("endings")
_NO_WORD = rf"(?!{_W}|#|\+\+|-\w|\.[A-Za-z](?!{_W})|\.\d|['’](?!d[iıuü]r|t[iıuü]r)\w)"

# A letter directly after a lead-in; a lower-case letter must end its line or have a bracket.
STATED_LETTER = re.compile(
    r"\s?(?:[(\[<] ?(?P<inside>[A-Za-z]) ?[)\]>]"
    rf"|(?P<bare>[A-Z]){_NO_WORD}{_NO_ARTICLE}[)\]]?"
    rf"|(?P<small>[a-z])(?:[)\]](?!{_W})|(?=[^\w\n]{{0,8}}(?:{_ENDINGS})?[^\w\n]{{0,8}}(?:\n|$))))"
)
# A letter anywhere.
MENTIONED_LETTER = re.compile(
    rf"(?<!{_W})[(\[] ?(?P<inside>[A-Za-z]) ?[)\]](?! (?:19|20)\d\d(?!\d))"
    r"|(?<=(?i:option) )(?P<small>[a-z])(?= (?:is|was)(?!\w)|[.,)]|$)"
    rf"|(?<![^\W{_UNSPACED}'’.-])(?P<bare>[A-Z])"
    rf"(?!\.\w|\. [A-Z]\.| ?[=^]|\([a-z]\)){_NO_WORD}{_NO_ARTICLE}"
)
# A letter and nothing else.
ALONE = re.compile(
    rf"[\s(\[<.:=>]{{0,5}}(?P<inside>[A-Za-z])[\s)\]>]{{0,3}}(?:{_ENDINGS})?[\s)\]>.:,;!]{{0,9}}"
)
# A letter after filler words only: "Option b", "Thus: B".
NEARLY_ALONE = re.compile(
    rf"(?:(?:{_FILL}|{_words('therefore')}|{_words('option')})[:,]? ?){{0,3}}"
    rf"(?:{_words('option')} (?P<small>[a-z])|[(\[]?(?P<bare>[A-Z]){_NO_WORD}[)\]]?)[\s.!]{{0,5}}"
)
# A letter that is the last sentence of a line, after a sentence of words: "Sure! B".
LAST_SENTENCE = re.compile(r"(?<=\w\w)(?<! vs)[.!]{1,3} [(\[]?(?P<bare>[A-Z])[)\]]?[.!]?$")
# A letter at the beginning of a line, followed by a mark.
FRONT = re.compile(
    r"[(\[<]?(?P<inside>[A-Za-z])"
    r"(?:[)\]>][.:]?|\.(?! ?[A-Za-z]\.|[A-Za-z](?![\w ])|\d)|:|、| [-–—] |(?=, ))"
)

# Lead-ins of a letter: "the answer (to the question) is (most likely) …".
_PHRASE = (
    r"(?: (?:to|for|of|in|among|from|given|that|which|here|based on)(?: [^.:;!?\n()]{1,70}?)?"
    rf"(?= {_words('links')}|:))?"
)
LEAD = re.compile(
    rf"(?:(?P<option>{_words('option')})|(?P<answer>{_words('answer')})){_PHRASE}"
    rf"(?P<rest>(?:[ \n]?(?:{_LINK}|{_FILL}|\((?i:s|letter|option|choice)\))){{0,8}})"
)
IS_LINK = re.compile(_LINK)
# Words before a lead-in on a line with nothing else: "**The final answer:** B".
LABEL = re.compile(r"(?i:\[?(?:the|my|final|correct|best|right|so|therefore|thus|hence|,| )*)")
FINAL = re.compile(_words("final"))
PREDICATE = re.compile(rf"{_words('links')} (?:the )?$")
DISTRIBUTIVE = re.compile(
    r"(?<!\w)(?i:each|every|any|this|that|another|other|all|first|second|third|fourth|next)"
    r"(?: (?:answer|given|possible))? $"
)

# Words after a letter.
_ABOUT = rf"[)\]>]?(?: ?(?:{_LINK}|{_FILL})){{0,5}} ?"
_RIGHT = rf"(?:{_words('right')}|(?i:right)(?!{_W}|-| (?!answer|choice|option|one|because|since)))"
PRAISED = re.compile(rf"[)\]>]?(?: ?(?:{_LINK}|{_FILL})){{0,5}} ?(?:{_RIGHT}|[✓✔✅☑])(?!\?)")
CALLED_ANSWER = re.compile(
    r"[)\]>]? ?(?i:is|would be|must be|should be|seems to be|appears to be) (?i:the )"
    r"(?i:(?:most |only )?(?:best|correct|right|final|likely|appropriate) )?"
    r"(?i:answer|choice|option|solution)"
    rf"(?!{_W})|가 정답|이 정답|번이 정답|が正解|が答え|是正确答案|是答案|是正確答案"
)
# Text between a letter and a later word of its clause that denies it.
_REASON = r"(?i:because|since|as|weil|da|denn|parce|car|porque|pues|poiché)(?!\w)|因|ので|から|왜냐"
_LATER = rf"(?:(?!{_REASON})[^.,;:!?A-Z\n]){{0,16}}?"
DENIED = re.compile(
    rf"{_ABOUT}(?:\(|- ?)?(?:{_words('wrong')}|[✗✘❌✕]|(?i:(?:is|was|are|does|do|did|ca|could|would"
    rf"|should|wo)n['’]?t)(?!\w)|(?i:cannot|can not)|{_LATER}{_words('denials')})"
    rf"(?! [(\[]?[A-Z](?!{_W}))| ?\?"
)
_JOIN = rf"(?:,|/|&|\+|、|{_words('joins')})"
JOINED = re.compile(rf"[)\]>]?(?: ?{_JOIN}){{1,3}}(?: (?i:option|choice))?")
JOINED_BEFORE = re.compile(
    rf"(?<!{_W})[A-Za-z][)\]]?(?: ?{_JOIN}){{1,3}} ?(?:(?i:option|choice) )?[(\[]?$"
)

# Words before a letter in its clause that negate it.
NEGATED = re.compile(rf"{_words('negations')}|(?i:n['’]t)(?!\w)")
CLAUSE = re.compile(
    rf"[.;:!?\n]|,(?! (?:dass|daß|что|że|že|hogy)(?!{_W}))|(?<!{_W})"
    r"(?i:(?<!anything )(?<!everything )but|so|therefore"
    r"|thus|hence|then|because|since|while|sondern|mais|sino"
    rf"|mas|ma|а|но)(?!{_W})|而是|所以|因此|であり|하지만"
)
CONCLUSION = re.compile(rf"(?:^|(?<=[.!?\n])) ?(?:{_words('therefore')})[ ,:]?")
SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
RETRACTED = re.compile(
    r"(?<!\w)(?i:wait|correction|scratch that|on second thought|on reflection|i mean|sorry)(?!\w)"
    r"|[,.] (?i:no),"
)

# A capital counts as an option at the beginning, or after one of these words.
SURE = re.compile(
    r"(?:^|\b(?:is|be|s|option|choice|letter|answer|think|say|guess|believe|maybe|perhaps|probably"
    r"|only|leaving|leaves|ist|c['’]est|est la|es la|que es|sería|é a|è la|это"
    r"|possibly|but|either|therefore|so|hence|with|choose|pick|select|opción|opcion|opção|opcao"
    r"|letra|alternativa|antwort|lettre|réponse|respuesta|resposta|risposta|lettera|opzione|optie"
    r"|вариант|ответ|seçenek|şık)[\s:,]+|(?:选项|選項|选择|選擇|选|選|選択肢|옵션|선택지|是|为|為)\s?)$",
    re.IGNORECASE,
)
# A leading letter that is part of a word of a script without spaces ("C语言").
PART_OF_WORD = re.compile(
    rf"(?!{_ENDINGS}|{_words('links')}|{_FILL}|{_words('right')}|{_words('wrong')}|{_words('joins')}"
    rf"|因|符合|を|さ)[{_UNSPACED}]"
)
