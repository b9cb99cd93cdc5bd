"""Conformance cases of other languages and of long recordings: transcripts and translations."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from unicodedata import category, normalize

from mmbench.conformance.caption_sets import describe, sets_in
from mmbench.conformance.case import Case, LargestDifference, max_difference, value
from mmbench.conformance.packages import library
from mmbench.metrics.speech import cer, mer, wer, wil
from mmbench.metrics.speech.normalisers import normalise
from mmbench.types import Prediction

_N = 300
# Words of the languages of the Open ASR Leaderboard, and marks of a text that are not letters.
_EUROPEAN = (
    "l'été où ça n'est-ce Straße größer naïve España ¿qué? ¡sí! coração não è perché 3,5 % € "
    "(ride) <unk> [rumore] d’accord «oui» … – A. Ü ½ x² ﬁn №5 O'Neill"
)
_ASIAN = (
    "今日は、いい天気 です。 東京タワー・ｶﾞｲﾄﾞ （ＡＢＣ） ３００元…… “你好” 2 iPhone ～ "
    "ภาษาไทย ๆ ខ្មែរ។"
)
# A text in each script with marks, and the text after `multilingual`.
_MARKED = {
    "हिन्दी में पढ़ना।": "हिन्दी में पढ़ना",
    "தமிழ், மொழி!": "தமிழ் மொழி",
    "ที่นี่ (หัวเราะ) สวย": "ที่นี่ สวย",
    "السَّلامُ؛ عَلَيْكُمْ؟": "السَّلامُ عَلَيْكُمْ",
    "שָׁלוֹם - עוֹלָם": "שָׁלוֹם עוֹלָם",
    "Tiếng Việt – ĐƯỜNG": "tiếng việt đường",
    "İstanbul'da": "istanbul da",
}
_TRANSLATED = (
    (
        "The dog didn't cost $1,000.5!",
        "The dog did not cost $1,000.50!",
        "A dog cost 1000 dollars!",
    ),
    ("今日は、いい天気 です。", "今日はいい天気ですね。"),
    ("a b", "a b c", "a b"),
    ("", "x", ""),
    ("Straße – «naïve» x-y 3-4", "Straße, naïve x-y 3-4", "A street - naïve"),
)
# What sacrebleu 2.6.0 computes for `_TRANSLATED`: `BLEU(tokenize=…)` and `CHRF(word_order=…)`.
_PRINTED = {
    "sacrebleu[13a]": 29.071536848410968,
    "sacrebleu[intl]": 19.881768219176266,
    "sacrebleu[zh]": 21.600219323327334,
    "sacrebleu[char]": 74.21987119285973,
    "sacrebleu[ja-mecab]": 44.28815619106131,
    "sacrebleu[ko-mecab]": 39.16541813506835,
    "chrf": 65.78047155919006,
    "chrf++": 59.939698470653454,
}
_RATES = {"wer": wer, "cer": cer, "mer": mer, "wil": wil}


@cache
def _texts(words: str) -> list[str]:
    draws, parts = random.Random(11), words.split()
    return [" ".join(draws.choices(parts, k=draws.randint(0, 12))) for _ in range(_N)]


def _open_asr(text: str) -> str:
    """Normalise as BasicMultilingualTextNormalizer does without `remove_diacritics`.

    Source: huggingface/open_asr_leaderboard, normalizer/normalizer.py, commit d1e99b2.
    """
    text = re.sub(r"\([^)]+?\)", "", re.sub(r"[<\[][^>\]]*[>\]]", "", text.lower()))
    text = "".join(" " if category(c)[0] in "MSP" else c for c in normalize("NFKC", text)).lower()
    return " ".join(re.sub(r"[^\w\s]", "", text).split())


def _european(_: Path) -> LargestDifference:
    texts = _texts(_EUROPEAN)
    differ = sum(normalise("multilingual", text) != _open_asr(text) for text in texts)
    return LargestDifference(differ, f"generated: {len(texts)} texts in Latin script")


def _marked(_: Path) -> LargestDifference:
    differ = sum(normalise("multilingual", text) != kept for text, kept in _MARKED.items())
    return LargestDifference(differ, f"{len(_MARKED)} texts in seven scripts and languages")


def _cjk(_: Path) -> LargestDifference:
    """Compare `cer[cjk]` with jiwer's rate of the letters, digits and marks of NFKC."""

    def kept(text: str) -> str:
        return "".join(c for c in normalize("NFKC", text) if category(c)[0] in "LNM")

    texts = [text for text in _texts(_ASIAN) if kept(text)]
    pairs = list(zip(texts, texts[1:] + texts[:1], strict=True))
    references, outputs = ([kept(pair[side]) for pair in pairs] for side in (0, 1))
    expected = library("jiwer").cer(references, outputs)
    predictions = [Prediction(str(i), said, right) for i, (right, said) in enumerate(pairs)]
    ours = value("cer[cjk]", predictions)
    return LargestDifference(
        max_difference(ours, expected), f"generated: {len(pairs)} pairs in Asian scripts"
    )


def _joined(name: str, _: Path) -> LargestDifference:
    """Compare an error rate of chunks that are joined with jiwer's rate of the joined texts."""
    draws, words = random.Random(12), ["a", "b", "c", "dog", "cats"]
    recordings: list[tuple[str, str]] = []
    predictions = []
    for talk in range(40):
        chunks = [
            [" ".join(draws.choices(words, k=draws.randint(0, 8))) for _ in range(2)]
            for _ in range(draws.randint(1, 6))
        ]
        references, outputs = (
            " ".join(filter(None, (chunk[side] for chunk in chunks))) for side in (0, 1)
        )
        recordings.append((references or "a", outputs))
        chunks[0][0] = chunks[0][0] if references else "a"
        predictions += [
            Prediction(f"{talk}-{at}", chunk[1], chunk[0], tags={"talk": str(talk), "at": str(at)})
            for at, chunk in enumerate(chunks)
        ]
    draws.shuffle(predictions)
    ours = _RATES[name](predictions, "none", options={"recording": "talk", "order": "at"}).value
    theirs = getattr(library("jiwer"), name)(*map(list, zip(*recordings, strict=True)))
    inputs = f"generated: {len(predictions)} chunks of {len(recordings)} recordings, shuffled"
    return LargestDifference(max_difference(ours, theirs), inputs)


def _printed(name: str, _: Path) -> LargestDifference:
    predictions = [
        Prediction(str(i), output, references)
        for i, (output, *references) in enumerate(_TRANSLATED)
    ]
    difference = max_difference(value(name, predictions), _PRINTED[name] / 100)
    return LargestDifference(difference, f"{len(predictions)} texts, one or two references")


def _sacrebleu(name: str, folder: Path) -> LargestDifference:
    """Compare a metric with sacrebleu, on sets of texts with one or several references."""
    sets = sets_in(folder)
    differences = [max_difference(value(name, one), _official(name, one)) for one in sets]
    return LargestDifference(max(differences), describe(folder))


def _official(name: str, predictions: Sequence[Prediction]) -> float:
    metrics = library("sacrebleu.metrics")
    if name.startswith("chrf"):
        metric = metrics.CHRF(word_order=2 if name == "chrf++" else 0)
    else:
        metric = metrics.BLEU(tokenize=name.removeprefix("sacrebleu[")[:-1], force=True)
    references = [p.target for p in predictions]
    most = max(map(len, references))
    streams = [[own[i] if i < len(own) else None for own in references] for i in range(most)]
    return float(metric.corpus_score([p.value for p in predictions], streams).score) / 100


CASES = [
    Case(
        "normaliser multilingual",
        "definition: steps of the Open ASR Leaderboard, differing texts",
        _european,
        0,
    ),
    Case("normaliser multilingual", "golden: texts with marks, differing texts", _marked, 0),
    Case("cer[cjk]", "cer of NFKC without spaces and punctuation", _cjk, package="jiwer"),
    *(
        Case(f"{name}[none]", f"{name} of joined texts", partial(_joined, name), package="jiwer")
        for name in _RATES
    ),
    *(
        Case(name, "golden: sacrebleu 2.6.0 corpus_score", partial(_printed, name))
        for name in _PRINTED
    ),
    *(
        Case(name, "corpus_score", partial(_sacrebleu, name), package="sacrebleu", data=data)
        for name in _PRINTED
        for data in ("", "captions/fakecap")
    ),
]
