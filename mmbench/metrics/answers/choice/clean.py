r"""Removal of the markup around an answer: Markdown, special tokens, quotes, bullets.

A cleaned text is in the Unicode compatibility form NFKC (which maps full-width and circled letters)
and writes superscript digits as `^2`. It has one space between words and one line break between
lines. It has no Markdown, LaTeX, HTML tags, special tokens of chat templates, quotation marks,
braces, bullets or ">" of quoted mail.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s?\{|<answer>", re.IGNORECASE)
_BOX_LIMIT = 500  # characters; a longer box names no option and is not searched
_TOKENS = re.compile(
    r"<\|start_header_id\|>\w{0,20}<\|end_header_id\|>|<\|im_start\|>\w{0,20}|<start_of_turn>\w{0,20}"
    r"|<\|[\w ]{1,40}\|>|</?(?:s|pad|unk|eos|bos|sep|cls|mask|end_of_turn|end_of_utterance)>"
    r"|<｜[^<>｜]{1,40}｜>|\[/?INST\]|<</?SYS>>|\[(?:EOS|BOS|PAD|SEP|CLS)\]"
)
_TAGS = re.compile(
    r"</?(?:p|strong|em|br|code|pre|div|span|ul|ol|li|h[1-6]|mark|small|sup|sub|font|center|answer|ans"
    r"|output|response|result)(?: [^<>]{0,100})?/?>|</(?:b|i|u)>|<(?:b|i|u)>(?=[^<>]{1,200}</)",
    re.IGNORECASE,
)
_LATEX = re.compile(
    r"\\(?:text|textbf|textit|texttt|textrm|mathrm|mathbf|mathit|mathsf|mathtt|bf|rm|bm|boldsymbol"
    r"|operatorname|underline|emph)\b\*?|\\[()\[\]]|\\(?=[ ,;!{}$%&#_])|\$(?!\d)"
)
_MARKDOWN = re.compile(r"[*`~{}\"“”„‟«»‹›「」『』《》〈〉]|(?<!\w)['‘’‚]|['‘’](?!\w)")
_BULLET = re.compile(
    r"^(?:[-+] ?(?=[^\s\d.+$€£¥]|\d{1,2}[.)] )|(?!>=?\d)[•▪◦●‣→>#|∙·]{1,6} ?"
    r"|\(?\d{1,2}[.)] (?=\(?[A-Za-z]\)?[\W]{0,5}$))+"
)
_ROLE = re.compile(r"^(?:assistant|model|ai|bot|gpt|chatbot)\s?(?::|\n)\s?", re.IGNORECASE)
_RAISED = re.compile("(?<=[0-9A-Za-z)])[⁰¹²³⁴-⁹⁺⁻]+")
_BRACE = re.compile(r"[{}]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_SPACES = re.compile(r"[^\S\n]+")

# Brackets and marks that NFKC does not map; Cyrillic and Greek letters that look like a Latin
# letter with the same position in its alphabet (Cyrillic В looks like B but is the third letter, so
# it is not mapped).
_LETTERS = {base + n: 65 + n for base in (0x1F150, 0x1F170) for n in range(26)}
_CHARACTERS = str.maketrans(
    {"【": "[", "】": "]", "〔": "[", "〕": "]", "。": ".", "\u2212": "-", "\t": " ", "\r": "\n"}
    | {"\u2028": "\n", "\u2029": "\n", "＿": "_"}
) | dict(_LETTERS)
_LOOKALIKE = re.compile(r"(?<!\w)[АСΑΒΕ](?=[)\]][^\w]|[\s)\].:,;!*]{0,4}$)", re.MULTILINE)
_LATIN = str.maketrans("АСΑΒΕ", "ACABE")


def split_boxes(text: str) -> tuple[str, list[str]]:
    r"""Return the text outside of boxes, and the contents of the boxes.

    A box is \boxed{…} or <answer>…</answer>.
    """
    outside, boxes, at = [], [], 0
    for match in _BOX.finditer(text):
        if match.start() < at:
            continue
        end, after = _box_end(text, match)
        if end >= 0:
            outside.append(text[at : match.start()])
            boxes.append(text[match.end() : end])
            at = after
    return " ".join([*outside, text[at:]]), boxes


def _box_end(text: str, match: re.Match[str]) -> tuple[int, int]:
    """Return the end of a box's content and the position after the box.

    If the box is not closed, the end is -1.
    """
    start, limit = match.end(), match.end() + _BOX_LIMIT
    if match[0].startswith("<"):
        end = text.find("</answer>", start, limit)
        return end, end + len("</answer>")
    depth = 1
    for brace in _BRACE.finditer(text, start, limit):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start(), brace.end()
    return -1, -1


@lru_cache(maxsize=10_000)
def clean(text: str) -> str:
    """Return the text without markup and without empty lines."""
    text = _RAISED.sub(r"^\g<0>", _TOKENS.sub(" ", text))
    text = unicodedata.normalize("NFKC", text.translate(_CHARACTERS)).translate(_CHARACTERS)
    text = _INVISIBLE.sub("", text)
    text = _MARKDOWN.sub("", _LATEX.sub(" ", _TAGS.sub(" ", text))).replace("_", " ")
    lines = [_BULLET.sub("", _SPACES.sub(" ", line).strip()) for line in text.split("\n")]
    joined = _ROLE.sub("", "\n".join(line.strip() for line in lines if line.strip()))
    return _LOOKALIKE.sub(lambda match: match[0].translate(_LATIN), joined)
