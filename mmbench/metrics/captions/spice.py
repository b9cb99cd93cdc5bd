"""The metric SPICE for captions, computed by its Java program."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mmbench.errors import Missing, UserError
from mmbench.metrics.captions.corpus import Corpus, corpus_of
from mmbench.metrics.captions.jar import by_jar, failure_message, jar_folder, java_command
from mmbench.stats import score
from mmbench.text import plain
from mmbench.types import Prediction, Score

_JAR = "spice-1.0.jar"
_MODELS = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")
_SOURCE = "https://nlp.stanford.edu/software/stanford-corenlp-full-2015-12-09.zip"
_LAST_JAVA = 14


@by_jar()
def spice(predictions: Sequence[Prediction]) -> Score:
    """SPICE 1.0: F1 of scene-graph tuples, averaged over captions, computed by the official jar.

    The tuples (objects, attributes, relations) of a caption are compared with the tuples of all its
    references together; synonyms match. Range [0, 1], higher is better. Rows: the F1 of each
    caption. Raises Missing without pycocoevalcap, without Java 8 to 14, and without the two jars of
    CoreNLP 3.6.0, which pycocoevalcap does not include; UserError if the jar fails; DataError for a
    sample without references.
    Source: Anderson et al. 2016, arXiv 1607.08822; spice-1.0.jar as pycocoevalcap 1.2 calls it.
    """
    rows = _run(corpus_of(predictions)) if predictions else []
    return score(rows, signature="tokens=ptb,spice=1.0")


@lru_cache(maxsize=1)  # SPIDEr needs the same scores, and the jar takes minutes
def _run(corpus: Corpus) -> list[float]:
    folder = _folder()
    command = java_command("spice", "8G")
    _check_version(command[0])
    with TemporaryDirectory(prefix="mmbench-spice-") as name:
        input_file, output_file = Path(name) / "captions.json", Path(name) / "scores.json"
        input_file.write_text(json.dumps(_request(corpus)), encoding="ascii")
        command += ["-jar", _JAR, str(input_file), "-out", str(output_file), "-silent"]
        process = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        if process.returncode or not output_file.is_file():
            raise UserError(f"spice: the jar failed: {plain(failure_message(process.stderr))}")
        return _scores(output_file.read_text(encoding="utf-8"), corpus.tokens.candidates)


def _folder() -> Path:
    folder = jar_folder("spice", _JAR)
    missing_names = [name for name in _MODELS if not (folder / "lib" / name).is_file()]
    if missing_names:
        missing = " and ".join(missing_names)
        raise Missing(f"spice needs {missing} in {folder / 'lib'}; unpack them from {_SOURCE}")
    return folder


def _check_version(java: str) -> None:
    """Raise Missing for Java 15 or later, which lacks the JavaScript engine that the jar needs."""
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', output)
    if version and int(version[1]) > _LAST_JAVA:
        raise Missing(
            f"spice needs Java 8 to {_LAST_JAVA}, but `{java}` is Java {version[1]}, without the"
            " JavaScript engine that the jar needs; put an older Java on the PATH"
        )


def _request(corpus: Corpus) -> list[dict[str, object]]:
    return [
        {"image_id": i, "test": " ".join(caption), "refs": [" ".join(r) for r in references]}
        for i, (caption, references) in enumerate(corpus.pairs())
    ]


def _scores(text: str, n: int) -> list[float]:
    """Return the F1 of captions 0 to n - 1, over all tuples, from the jar's JSON output."""
    try:
        f1_by_id = {
            item["image_id"]: float(item["scores"]["All"]["f"]) for item in json.loads(text)
        }
        return [f1_by_id[i] for i in range(n)]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"spice: cannot read the output of the jar: {error!r}") from error
