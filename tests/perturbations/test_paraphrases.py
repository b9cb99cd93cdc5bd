"""Texts are replaced by paraphrases from a file, which is part of the identity of the task."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.datasets import RetrievalData, Samples
from mmbench.engine.identity import fingerprint
from mmbench.engine.loading.data.perturbed import read_paraphrases
from mmbench.errors import DataError, SpecError
from mmbench.perturbations.data import perturbed_data
from mmbench.perturbations.names import as_text, as_written, name_suffix, parse, split_task
from mmbench.perturbations.paraphrases import Paraphrases
from mmbench.spec import is_task, load_task, recorded_name
from mmbench.types import Media, Perturbation, Sample
from tests.support.files import write_file

TEXTS = ["a red circle", "two squares"]
DATA = RetrievalData(
    [Sample(f"q{n}", {"text": text}) for n, text in enumerate(TEXTS)],
    [Sample("d", {"image": Media("image", "a.png")})],
    {"q0": {"d": 1.0}, "q1": {"d": 1.0}},
)
FIELDS = {"query": "text", "corpus": "image"}
TABLE = "text,paraphrase\na red circle,a circle in red\ntwo squares,a pair of squares\n"


def paraphrased(file: Path, text: str = "") -> list[object]:
    perturbation = parse(f"paraphrase:{file}{text}")
    data = perturbed_data(DATA, FIELDS, perturbation, "t", read_paraphrases(file))
    assert data.links == DATA.links
    assert [*data.corpus] == [*DATA.corpus]
    return [sample.inputs["text"] for sample in data.queries]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TABLE),
        ("a.tsv", TABLE.replace(",", "\t")),
        ("by-id.csv", "id,paraphrase\nq0,a circle in red\nq1,a pair of squares\n"),
        ("a.csv", TABLE.replace("text,paraphrase", "Text,paraphrases")),
        ("inspect.csv", TABLE.replace("text,paraphrase", "text:text,answer")),
        ("a.jsonl", "".join(
            json.dumps({"text": text, "paraphrases": [new]}) + "\n"
            for text, new in zip(TEXTS, ["a circle in red", "a pair of squares"], strict=True)
        )),
    ],
)  # fmt: skip
def test_texts_are_replaced(name: str, content: str, tmp_path: Path) -> None:
    file = write_file(tmp_path / name, content)
    assert paraphrased(file) == ["a circle in red", "a pair of squares"]


def test_one_of_several_paraphrases_is_drawn_by_text_and_seed(tmp_path: Path) -> None:
    rows = [f"{text},{text} {n}\n" for n in range(9) for text in TEXTS]
    file = write_file(tmp_path / "a.csv", "text,paraphrase\n" + "".join(rows))
    drawn = [paraphrased(file, f":seed{seed}") for seed in range(40)]
    assert {text for one in drawn for text in one} == {f"{t} {n}" for t in TEXTS for n in range(9)}
    assert paraphrased(file, ":seed3") == drawn[3]


@settings(max_examples=20)
@given(st.permutations(range(6)))
def test_the_order_of_samples_does_not_matter(order: list[int]) -> None:
    texts = {f"text {n}": [f"{n}{letter}" for letter in "abc"] for n in range(6)}
    table = Paraphrases("x", False, texts)
    perturbation = Perturbation("paraphrase", "x-00000000")
    samples = Samples([Sample(str(n), {"question": f"text {n}"}) for n in order])
    data = perturbed_data(samples, {"question": "question"}, perturbation, "t", table)
    whole = {sample.id: sample.inputs["question"] for sample in data.samples}
    for n in order:
        one = perturbed_data(
            Samples([Sample(str(n), {"question": f"text {n}"})]),
            {"question": "question"}, perturbation, "t", table,
        )  # fmt: skip
        assert one.samples[0].inputs["question"] == whole[str(n)]


def test_examples_are_paraphrased_too(tmp_path: Path) -> None:
    table = read_paraphrases(write_file(tmp_path / "a.csv", TABLE))
    data = Samples([DATA.queries[0]], examples=[DATA.queries[1]])
    change = Perturbation("paraphrase", "x")
    done = perturbed_data(data, {"text": "text"}, change, "t", table)
    assert done.examples[0].inputs["text"] == "a pair of squares"


def test_a_missing_paraphrase_is_an_error_with_the_first_text(tmp_path: Path) -> None:
    file = write_file(tmp_path / "a.csv", "text,paraphrase\ntwo squares,\n")
    with pytest.raises(
        SpecError, match=r"task t: 2 of 2 texts have no paraphrase in .*'a red circ"
    ):
        paraphrased(file)
    file = write_file(tmp_path / "b.csv", "id,paraphrase\nq0,red\n")
    with pytest.raises(
        SpecError, match=r"1 of 2 texts has no .*'two squares' \(id q1\); add 1 row,"
    ):
        paraphrased(file)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "caption,paraphrase\na,b\n", r"has the columns text \(or id\) and paraphrase"),
        ("a.csv", "text,other\na,b\n", "has the columns text"),
        ("a.jsonl", '{"text": ["a"], "paraphrase": "b"}', "line 1: column text: give a string"),
        ("a.jsonl", '{"text": "a", "paraphrase": [["b"]]}', "column paraphrase: give a string"),
        ("a.txt", "a", "unknown format of paraphrases"),
    ],
)
def test_an_invalid_file_is_refused(name: str, content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_paraphrases(write_file(tmp_path / name, content))


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(SpecError, match=r"no/where.csv does not exist; write paraphrase:FILE"):
        parse("paraphrase:no/where.csv")


def test_the_content_of_the_file_is_part_of_the_task(tmp_path: Path) -> None:
    first = write_file(tmp_path / "1" / "my texts+1.csv", TABLE)
    same = write_file(tmp_path / "2" / "my texts+1.csv", TABLE)
    other = write_file(tmp_path / "3" / "my texts+1.csv", TABLE + "c,d\n")
    tasks = [load_task(f"shapes-retrieval+paraphrase:{file}") for file in (first, same, other)]
    assert tasks[0].name == tasks[1].name != tasks[2].name
    prints = [fingerprint(task) for task in tasks]
    assert prints[0] == prints[1] != prints[2]
    assert tasks[0].perturb == f"paraphrase:{first}"
    assert tasks[0].name.startswith("shapes-retrieval+paraphrase-my_texts_1-")
    assert recorded_name(f"shapes-retrieval+paraphrase:{first}") == tasks[0].name


def test_a_recorded_name_has_the_same_fingerprint_without_the_file(tmp_path: Path) -> None:
    file = write_file(tmp_path / "a.csv", TABLE)
    for end in ("", ":query", ":query:seed2", ":seed2"):
        perturbation = parse(f"paraphrase:{file}{end}")
        written = load_task(f"shapes-retrieval+{as_written(perturbation)}")
        assert as_text(perturbation).endswith(end)
        for name in (written.name, f"shapes-retrieval{name_suffix(perturbation)}"):
            assert is_task(name)
            assert fingerprint(load_task(name)) == fingerprint(written)


def test_a_path_may_contain_a_plus() -> None:
    assert split_task("t+paraphrase:a+b/c.csv:query") == ("t", "paraphrase:a+b/c.csv:query")
    assert split_task("a+b+noise:1") == ("a+b", "noise:1")
    assert split_task("a") == ("a", "")
