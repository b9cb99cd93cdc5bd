"""`mmbench repeats`: runs that repeat the errors of references, and runs that do not."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mmbench
from mmbench.cli import main
from mmbench.comparison.reference_errors.known_errors import KnownError, read_errors
from mmbench.comparison.reference_errors.repeated import repeated_errors
from mmbench.comparison.reference_errors.result import RepeatedErrors
from mmbench.types import GeneratedText
from tests.support.boards import write_run
from tests.support.command_line import refusal
from tests.support.files import write_file, write_lines, write_table
from tests.support.paths import real_data

TYPOS = [("skiis", "skis"), ("frisbe", "frisbee"), ("surf board", "surfboard")]


class Captioner:
    """Writes a caption by the colour of an image: red is its number, green the object."""

    modalities = frozenset({"text", "image"})

    def write(self, conversations: Sequence[Any], options: object) -> list[GeneratedText]:
        return [GeneratedText(self.caption(*self._colour(turns))) for turns in conversations]

    def _colour(self, turns: Any) -> tuple[int, int]:
        image = next(p for turn in turns for p in turn.parts if isinstance(p, Image.Image))
        red, green, _ = np.asarray(image)[0, 0].tolist()
        return red, green

    def caption(self, number: int, thing: int) -> str:
        raise NotImplementedError


class Memorising(Captioner):
    """Has seen the references, and writes them."""

    def __init__(self, references: list[str]) -> None:
        self._references = references

    def caption(self, number: int, thing: int) -> str:
        return self._references[number]


class Looking(Captioner):
    """Writes what it sees; it misspells every eighth caption, whatever the reference has."""

    def caption(self, number: int, thing: int) -> str:
        return f"a man with a {TYPOS[thing][number % 8 != 3]}"


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder with 60 images, their references, of which 20 have a typo, and a list of those."""
    folder = tmp_path_factory.mktemp("captioned")
    rows, errors, references = [], [], []
    for n in range(60):
        thing = n // 3 % 3
        Image.new("RGB", (4, 4), (n, thing, 0)).save(folder / f"{n}.png")
        wrong, right = TYPOS[thing]
        has_error = n % 3 == 0
        references.append(f"A man with a {wrong if has_error else right}.")
        rows.append({"id": f"{n}.png", "image": f"{n}.png", "references": [references[-1]]})
        if has_error:
            errors.append({"id": f"{n}.png", "wrong": wrong, "right": right})
    write_lines(folder / "captions.jsonl", *rows)
    write_table(folder / "errors.csv", errors)
    return folder, references


@pytest.fixture(scope="module")
def results(captioned: tuple[Path, list[str]]) -> dict[str, Any]:
    folder, references = captioned
    models = {"memorising": Memorising(references), "looking": Looking()}
    return {
        name: mmbench.evaluate(
            model, "captions", data=folder / "captions.jsonl", out=folder / "board", name=name
        )
        for name, model in models.items()
    }


def test_a_model_that_memorised_typos_differs_from_one_that_looks(
    captioned: tuple[Path, list[str]], results: dict[str, Any]
) -> None:
    folder, _ = captioned
    errors = read_errors(folder / "errors.csv")
    board = folder / "board"
    metrics = ["bleu@1"]
    memorising = repeated_errors(
        results["memorising"].record.run, errors, metrics=metrics, out=board
    )
    looking = repeated_errors(
        results["looking"].record.run,
        errors,
        metrics=metrics,
        out=board,
        baseline=results["memorising"].record.run,
    )
    assert memorising.verdict == "repeats the errors"
    assert (memorising.with_error.wrong, memorising.with_error.n) == (20, 20)
    assert (memorising.elsewhere.wrong, memorising.elsewhere.n) == (0, 40)
    assert (memorising.difference, memorising.strata) == (1, 3)
    assert memorising.p_value is not None and memorising.p_value < 1e-9
    assert looking.verdict == "no difference"
    assert 0 < looking.with_error.wrong < 5
    assert looking.baseline is not None and looking.baseline.verdict == "fewer"
    by_name = {one.metric: one for one in memorising.corrected}
    assert by_name["bleu@1"].given == pytest.approx(1)
    assert (by_name["bleu@1"].corrected or 0) < 0.95
    # the model that looks gains by the correction
    gains = {one.metric: one.difference or 0 for one in looking.corrected}
    assert gains["bleu@1"] > 0


def test_the_command_prints_and_exits_like_compare(
    captioned: tuple[Path, list[str]], results: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = captioned
    command = ["repeats", results["memorising"].record.run, "--out", str(folder / "board")]
    errors = ["--errors", str(folder / "errors.csv"), "--metric", "bleu@1"]
    assert main([*command, *errors]) == 0
    shown = capsys.readouterr().out
    assert "repeats the errors: the run writes the wrong phrase more often" in shown
    assert "skiis → skis: A man with a skiis." in shown
    assert "It does not show how" in " ".join(shown.split())
    assert main([*command, *errors, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["compared"] == 20
    few = write_table(folder / "few.csv", [{"id": "0.png", "wrong": "skiis", "right": "skis"}])
    strict = ["--errors", str(few), "--alpha", "0.01", "--metric", "bleu@1"]
    assert main([*command, *strict]) == 4
    assert "too little data: even if all outputs were wrong" in capsys.readouterr().out
    unfit = ["--errors", str(few), "--metric", "recall@1"]
    assert "metric recall@1" in refusal(capsys, *command, *unfit)
    other = write_table(folder / "other.csv", [{"id": "0.png", "wrong": "cat", "right": "dog"}])
    assert "no reference of run" in refusal(capsys, *command, "--errors", str(other))
    strange = write_table(folder / "strange.csv", [{"id": "x", "wrong": "cat", "right": "dog"}])
    assert "has none of the samples" in refusal(capsys, *command, "--errors", str(strange))


def test_outputs_that_are_no_texts_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, "a", {"em": [1.0]}, said=["3"])
    errors = write_file(tmp_path / "e.csv", "id,wrong,right\ns0000,a,b\n")
    message = refusal(capsys, "repeats", "a", "--errors", str(errors), "--out", str(tmp_path))
    assert "are not texts; give a run of captions, transcripts or answers" in message


@pytest.mark.slow
def test_transcripts_are_compared_at_the_place_of_the_error(tmp_path: Path) -> None:
    spoken = [f"they left number {n} in their car over there" for n in range(40)]
    wrong = [
        text.replace("their", "there") if n % 4 == 0 else text for n, text in enumerate(spoken)
    ]
    data = "".join(f"{text} (s-{n})\n" for n, text in enumerate(wrong))
    # "over there" in each output is another place than that of the error
    outputs = {"copies": wrong, "hears": spoken}
    errors = [KnownError(f"s-{n}", "there car", "their car") for n in range(0, 40, 4)]
    found: dict[str, RepeatedErrors] = {}
    for name, texts in outputs.items():
        file = write_file(
            tmp_path / f"{name}.trn", "".join(f"{t} (s-{n})\n" for n, t in enumerate(texts))
        )
        result = mmbench.score(
            "transcripts", file, data=write_file(tmp_path / "r.trn", data), out=tmp_path, name=name
        )
        found[name] = repeated_errors(result.record.run, errors, out=tmp_path)
    assert found["copies"].verdict == "repeats the errors"
    assert found["hears"].verdict == "no difference"
    assert found["hears"].with_error.share == 0
    assert found["copies"].how.startswith("at the place of the error, aligned as by wer[")
    wers = {one.metric: one for one in found["hears"].corrected}
    name = next(metric for metric in wers if metric.startswith("wer"))
    assert (wers[name].corrected, wers[name].better) == (0, "lower")
    assert (wers[name].given or 0) > 0


# Typos in captions of COCO val2014: image, what one of its captions has, and what is meant.
COCO_TYPOS = [
    KnownError(*line.split())
    for line in """258985 toliet toilet
        542145 toliet toilet
        6818 tolet toilet
        380932 hydran hydrant
        336587 sittin sitting
        511204 elphant elephant
        399012 disply display
        514508 holdng holding
        173704 hoding holding
        495107 snadwich sandwich
        295564 varity variety
        189845 sidwalk sidewalk""".splitlines()
]


@pytest.mark.slow
def test_real_typos_of_coco_are_repeated_by_copies_of_the_references(tmp_path: Path) -> None:
    folder = real_data("captions/fakecap")
    data = folder / "en_captions_val2014.json"
    references: dict[str, list[str]] = {}
    for row in json.loads(data.read_text())["annotations"]:
        references.setdefault(str(row["image_id"]), []).append(row["caption"])
    typos = {error.id: error.wrong for error in COCO_TYPOS}
    copies = []
    for image, texts in references.items():
        having = [t for t in texts if typos.get(image) in re.findall("[a-z]+", t.lower())]
        copies.append({"image_id": int(image), "caption": [*having, *texts][0]})
    outputs = {
        "copies": write_file(tmp_path / "copies.json", copies),
        "fakecap": folder / "en_captions_val2014_fakecap_results.json",
    }
    found = {}
    for name, file in outputs.items():
        run = mmbench.score("captions", file, data=data, out=tmp_path, name=name, partial=True)
        found[name] = repeated_errors(run.record.run, COCO_TYPOS, out=tmp_path, metrics=["bleu@1"])
    assert found["copies"].verdict == "repeats the errors"
    assert found["copies"].with_error.wrong == 12 > found["copies"].elsewhere.wrong
    assert found["fakecap"].with_error.wrong == 0
    assert found["fakecap"].verdict in ("no difference", "too little data")
