"""Instructions to the judge in answers: patterns that are reported, never acted on.

The delimiters of the prompt tell a judge which text is data, but a judge may obey the data anyway.
The patterns are a documented list (docs/judges.md). They match some harmless answers and miss
unusual attacks, so that a match is a reason to read the sample, not a verdict.
"""

from __future__ import annotations

import re
import unicodedata

_VERBS = r"(?:give|assign|award|output|return|respond with|reply with|answer with|choose|select)"
_GRADES = r"(?:score|grade|rating|verdict|marks|points|stars)"

PATTERNS: dict[str, str] = {
    "ignore instructions": (
        r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,60}"
        r"\b(?:instructions?|rubric|rules|prompt|criteria|guidelines|scale|message)\b"
    ),
    "asks for a score": (
        rf"\b{_VERBS}\b[^.\n]{{0,40}}\b{_GRADES}\b"
        rf"|\b{_GRADES}\s+(?:of|must be|should be|is|=|:)\s*[\"']?\d"
        r"|\b(?:rate|grade|score|mark)\s+(?:this|it|me|my|the answer)\b"
        r"|\b(?:full|top|maximum|highest|perfect)\s+(?:score|marks|points|rating|grade)\b"
        r"|\b(?:prefer|choose|pick)\s+(?:this|my|answer\s+[ab]\b)"
    ),
    "addresses the judge": (
        r"\b(?:dear|hey|hello|attention|note to|message to|instructions? (?:to|for))[\s,:]+"
        r"(?:the\s+)?(?:judge|grader|evaluator|rater|examiner)\b"
        r"|\byou are (?:now )?(?:a|an|the)?\s*(?:judge|grader|evaluator|rater|assistant|examiner)\b"
        r"|\b(?:new|updated|additional|system) instructions?\b"
    ),
    "praises itself": (
        r"\b(?:this|the|my) (?:answer|response|caption)\s+"
        r"(?:deserves|merits|should (?:get|receive|be (?:given|graded|rated|scored|preferred)))\b"
    ),
    "forged delimiter": r"\[\s*/?\s*(?:begin|end)\s+[a-z][a-z ]{0,20}\s*[0-9a-f]{0,64}\s*\]",
    "verdict in JSON": r"[\"'](?:score|preferred|verdict|rating|grade)[\"']\s*:",
    "chat markup": (
        r"<\|[a-z_]{2,30}\|>|<(?:start|end)_of_turn>|\[/?inst\]|<<\s*/?sys\s*>>|</?s>"
        r"|<\s*/?\s*(?:system|assistant|user)\s*>"
    ),
}

_COMPILED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in PATTERNS.items()}


def instructions(answer: str) -> list[str]:
    """Return the names of the patterns that an answer matches, in the order of `PATTERNS`.

    Compatibility characters are normalised, and invisible characters are removed before.
    """
    text = _visible(answer)
    return [name for name, pattern in _COMPILED.items() if pattern.search(text)]


def _visible(text: str) -> str:
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKC", text)
    return "".join(char for char in folded if unicodedata.category(char) != "Cf")
