"""The objects that a text mentions, by the words, pairs of words and singulars of CHAIR."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mmbench.metrics.captions.chair.objects import OBJECTS, PAIRS

# Marks that NLTK's word tokenizer makes words of their own. They matter only because the two words
# of a pair must be neighbours. A hyphen, a slash and a point within a word stay.
_MARKS = re.compile(
    r"\.{2,}|--|[:,](?!\d)|[][(){}<>;@#$%&*?!\"`“”«»„‘’‒–—―]"
    r"|(?<!\w)'(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)"  # at the start of a word
)
_ENDINGS = re.compile(r"(?<=.)('s|'m|'d|'ll|'re|'ve|n't|'|\.)$")
_LONGEST = 64  # characters; a longer word is no object, and may be made of endings alone

# Words with a plural that pattern.en turns into another word: "ties" into "ty", "canoes" into
# "cano".
_WITHOUT_PLURAL = {"tie", "collie", "doggie", "magpie", "canoe", "knive", "oxen"}
_IRREGULAR = {
    "bus": ["buses"],
    "minibus": ["minibuses"],
    "airbus": ["airbuses"],
    "calf": ["calves"],
    "cow": ["kine"],
    "glas": ["glass"],
    "glass": ["glasses"],
    "goose": ["geese"],
    "knife": ["knives"],
    "mouse": ["mice"],
    "ox": ["oxen", "oxes"],
    "oxen": ["oxenen"],
    "person": ["people"],
    "pocketknife": ["pocketknives"],
}
_PLURALS = {"children", "oxen", "people"}  # words for an object that have a singular


def mentioned(text: str) -> tuple[str, ...]:
    """Return the categories of the objects that a text mentions, in order, with repetitions.

    The text is put in lower case, split into words as by NLTK 3.10, and each word is put in the
    singular; pairs of words become one word; the words for objects are kept, without "seat" in a
    text with "toilet". Singulars are those of pattern.en, with their faults: "bus" (its singular
    there is "bu") and "ties" ("ty") name no object, "buses" and "tie" do.
    Source: LisaAnne/Hallucination utils/chair.py `caption_to_words` (6e4d33c); clips/pattern
    pattern/text/en/inflect.py `singularize` (d25511f).
    """
    words = list(_joined([_SINGULARS.get(word, "") for word in _words(text.lower())]))
    if "toilet" in words:
        words = [word for word in words if word != "seat"]
    return tuple(OBJECTS[word] for word in words if word in OBJECTS)


def _words(text: str) -> Iterator[str]:
    for word in _MARKS.sub(r" \g<0> ", text).split():
        stem = word
        while len(word) < _LONGEST and (ending := _ENDINGS.search(stem)):
            stem = stem[: ending.start()]
        yield stem
        if stem != word:
            yield word[len(stem) :]


def _joined(words: list[str]) -> Iterator[str]:
    """Yield the words, with each pair of `PAIRS` as one word."""
    at = 0
    while at < len(words):
        pair = PAIRS.get(" ".join(words[at : at + 2]))
        yield words[at] if pair is None else pair
        at += 1 if pair is None else 2


def _forms(word: str) -> Iterator[str]:
    """Yield the spellings of which pattern.en gives `word` as the singular."""
    if word == "scissors" or not (word.endswith("s") or word in _PLURALS):
        yield word
    if word not in _WITHOUT_PLURAL:
        yield f"{word}s"
    yield from _IRREGULAR.get(word, ())
    if word.endswith(("ch", "sh", "o")):
        yield f"{word}es"
    elif word.endswith("a"):
        yield f"{word}e"
    elif word.endswith("man"):
        yield f"{word[:-2]}en"
    elif word.endswith("child"):
        yield f"{word}ren"
    elif re.search("[^aeiou]y$", word) and word != "doggy":
        yield f"{word[:-1]}ies"


def _singulars(names: Iterable[str]) -> dict[str, str]:
    words = {word for name in names for word in name.split()}
    return {form: word for word in words for form in _forms(word)}


_SINGULARS = _singulars([*OBJECTS, *PAIRS])
