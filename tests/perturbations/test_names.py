"""A perturbation is written NAME:VALUE, and is part of a task's name and fingerprint."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbench.engine.identity import fingerprint
from mmbench.errors import SpecError, UnknownName
from mmbench.perturbations.names import NAMES, as_text, name_suffix, parse
from mmbench.spec import is_task, load_task
from mmbench.types import Perturbation
from tests.support.files import write_file

WRITTEN = {
    "noise:3": Perturbation("noise", "3"),
    "noise:3:corpus": Perturbation("noise", "3", "corpus"),
    "noise:5:query:seed7": Perturbation("noise", "5", "query", 7),
    "snr:-5": Perturbation("snr", "-5"),
    "case:upper": Perturbation("case", "upper"),
    "options:shuffle:seed1": Perturbation("options", "shuffle", seed=1),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_perturbation_is_read_in_both_forms(text: str) -> None:
    perturbation = WRITTEN[text]
    assert parse(text) == perturbation
    assert as_text(perturbation) == text
    assert parse(name_suffix(perturbation).removeprefix("+")) == perturbation


def test_seed0_is_the_usual_seed() -> None:
    assert as_text(parse("noise:3:seed0")) == "noise:3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("noise:6", "write noise:VALUE, where VALUE is 1 to 5"),
        ("noise:0", "1 to 5"),
        ("noise:03", "1 to 5"),
        ("noise", "1 to 5"),
        ("noise:3:left", "1 to 5"),
        ("jpeg:100", "1 to 95"),
        ("snr:99", "-40 to 80"),
        ("case:Upper", "upper or lower"),
        ("options:26", "1 to 25 or reverse or shuffle"),
        ("blur:3:seed1", "it is not random; leave out seed1"),
        ("options:2:seed1", "it is not random"),
    ],
)
def test_an_invalid_value_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse(text)


@pytest.mark.parametrize("text", ["noize:3", "", ":", "3:noise", "a b"])
def test_an_unknown_name_is_refused(text: str) -> None:
    with pytest.raises(UnknownName, match="list perturbations"):
        parse(text)


def test_every_name_has_values() -> None:
    assert all(info.values() for info in NAMES.values())


@pytest.mark.parametrize("written", ["shapes-retrieval+noise:3", "shapes-retrieval+noise-3"])
def test_a_task_may_have_a_perturbation(written: str) -> None:
    clean, task = load_task("shapes-retrieval"), load_task(written)
    assert (task.name, task.perturb) == ("shapes-retrieval+noise-3", "noise:3")
    assert is_task(task.name)
    assert fingerprint(task) != fingerprint(clean)
    assert fingerprint(task) != fingerprint(load_task("shapes-retrieval+noise:4"))


def test_a_task_file_may_have_a_perturbation(tmp_path: Path) -> None:
    file = write_file(tmp_path / "hard.yaml", "include: coco-retrieval\nperturb: noise-3\n")
    task = load_task(str(file))
    assert (task.name, task.perturb, task.published) == ("hard", "noise:3", [])
    assert load_task("coco-retrieval").published
    assert fingerprint(task) == fingerprint(load_task("coco-retrieval+noise:3"))
    with pytest.raises(SpecError, match="has the perturbation noise:3; blur:1 cannot be added"):
        load_task(f"{file}+blur:1")


def test_published_scores_are_of_clean_inputs() -> None:
    assert not load_task("coco-retrieval+noise:3").published


def test_a_plus_may_be_part_of_a_name(tmp_path: Path) -> None:
    write_file(tmp_path / "a+b.yaml", "include: shapes-retrieval\n")
    assert load_task("a+b", [str(tmp_path)]).perturb == ""
    assert load_task("a+b+blur:1", [str(tmp_path)]).name == "a+b+blur-1"
    with pytest.raises(UnknownName, match="task 'a'"):
        load_task("a+c", [str(tmp_path)])
    with pytest.raises(UnknownName, match="perturbation 'c'"):
        load_task("a+b+c:1", [str(tmp_path)])


def test_another_suffix_is_a_label() -> None:
    task = load_task("shapes-retrieval+second")
    assert (task.name, task.perturb) == ("shapes-retrieval+second", "")
    assert fingerprint(task) == fingerprint(load_task("shapes-retrieval"))
    assert load_task("shapes-retrieval+second+noise:3").name == "shapes-retrieval+second+noise-3"
    assert is_task("shapes-retrieval+second+noise-3")
    assert not is_task("no-such-task+second")
