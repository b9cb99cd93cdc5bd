"""The Java PTB tokenizer for the tests of ours, and sentences to try both on.

`python -m tests.metrics.captions.ptb.ptb_java` writes the golden tokens anew: what Java gives for
the sentences there.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.paths import DATA

JAR = "tokenizer/stanford-corenlp-3.4.1.jar"
GOLDEN = Path(__file__).parent / "ptb_golden.json"


def jar() -> Path | None:
    """The jar that pycocoevalcap brings, where there is one and a Java to run it."""
    spec = importlib.util.find_spec("pycocoevalcap")
    if spec is None or shutil.which("java") is None:
        return None
    path = Path(next(iter(spec.submodule_search_locations or [""]))) / JAR
    return path if path.exists() else None


def java_lines(lines: list[str]) -> list[list[str]]:
    """What the Java tokenizer prints for a file of these lines."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "lines.txt")
        file.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        name = "edu.stanford.nlp.process.PTBTokenizer"
        command = ["java", "-cp", str(jar()), name, "-preserveLines", "-lowerCase", str(file)]
        printed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return [line.split(" ") if line else [] for line in printed.split("\n")[:-1]]


def java_alone(lines: list[str]) -> list[list[str]]:
    """The same with lines between, so that no rule that looks ahead or seeks a quote crosses."""
    return java_lines([part for line in lines for part in (line, "", "'\"-")])[::3]


# What a slip of the keyboard may leave.
_NOISE = " .,'-\"`!?:;()[]{}<>&#@$%*+=/\\_^~|09aAnstxUS\u2019\u00a0\u00e9\u00ad\u2026\u20ac\u00bd"


def texts() -> list[str]:
    """Every caption, question, answer and transcript of the real data, each once."""
    found: list[object] = []
    for file in sorted(DATA.rglob("*.json")):
        content = file.read_text(encoding="utf-8").strip()
        lines = content.splitlines() if file.parent.name == "pope" else [content]
        found += map(json.loads, lines)
    for file in sorted(DATA.rglob("*.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            found += list(csv.reader(rows))
    for file in sorted([*DATA.rglob("*.txt"), *DATA.rglob("transcription")]):
        found += file.read_text(encoding="utf-8").splitlines()
    return sorted({text.replace("\n", " ") for text in _strings(found)})


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = list(value.values()) if isinstance(value, dict) else value
    return [text for v in inner for text in _strings(v)] if isinstance(inner, list) else []


def odd_words() -> dict[str, list[str]]:
    """The words of the golden sentences by kind, in order."""
    return {kind: " ".join(sentences).split(" ") for kind, sentences in golden().items()}


def spliced(base: list[str], n: int, seed: int) -> list[str]:
    """Sentences of the base with odd words of every kind put in, and with slips of the keyboard."""
    rng = random.Random(seed)
    odd = list(odd_words().values())
    return [_splice(rng, rng.choice(base).split(" "), odd) for _ in range(n)]


def _splice(rng: random.Random, words: list[str], odd: list[list[str]]) -> str:
    start = rng.randrange(len(words))
    words = words[start : start + rng.randint(3, 12)]
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(words))
        words[at : at + rng.randint(0, 1)] = _odd_run(rng, rng.choice(odd))
    text = " ".join(words) + rng.choice(["", "", "", "", ".", "!"])
    text = rng.choice([text, text, text, text.title(), text.upper(), text.capitalize()])
    return _slip(rng, text) if rng.random() < 0.3 else text


def _odd_run(rng: random.Random, kind: list[str]) -> list[str]:
    at = rng.randrange(len(kind))
    return kind[at : at + rng.randint(1, 3)]


def _slip(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(_NOISE) + text[at + rng.randint(0, 1) :]


def golden() -> dict[str, dict[str, str]]:
    """Sentences of the project's own by kind, each with its tokens, joined by spaces."""
    kinds: dict[str, dict[str, str]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return kinds


def _write_golden() -> None:
    new = {
        kind: {text: " ".join(own) for text, own in zip(kept, java_alone(list(kept)), strict=True)}
        for kind, kept in golden().items()
    }
    GOLDEN.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write_golden()
