"""Own data from the command line: layouts, columns, classes, prompts, and task files of them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.cli.parser.data_patterns import expand_folders
from mmbench.cli.parser.options import data_for
from mmbench.media import read_bytes
from mmbench.reference.worlds.shapes.sources import shapes_captions, shapes_classes
from tests.support.command_line import refusal, run_record
from tests.support.files import write_file, write_lines, write_task
from tests.support.media.images import png, save_image
from tests.support.tars import write_tar

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of drawn images, with a table of captions and one of classes."""
    folder = tmp_path_factory.mktemp("products")
    lines, classes = ["filepath,title"], ["path,kind"]
    captioned = shapes_captions(None, images=6, size=64, seed=0)
    for sample in captioned.samples:
        (folder / f"{sample.id}.png").write_bytes(read_bytes(sample.inputs["image"]))
        lines += [f'{sample.id}.png,"{text}"' for text in sample.target[:2]]
    labelled = shapes_classes(None, images=6, size=64, seed=0)
    for number, sample in enumerate(labelled.samples):
        (folder / f"c{number}.png").write_bytes(read_bytes(sample.inputs["image"]))
        classes.append(f"c{number}.png,{labelled.labels[sample.target]}")
    write_file(folder / "products.csv", "\n".join(lines) + "\n")
    write_file(folder / "classes.csv", "\n".join(classes) + "\n")
    write_file(folder / "names.txt", "\n".join(labelled.labels) + "\n")
    return folder


def run(capture: Capture, out: Path, *flags: str) -> dict[str, Any]:
    return run_record(capture, "run", "-m", "clip-nano", *flags, "--out", str(out), "--quiet")


def values(record: dict[str, Any]) -> dict[str, float]:
    return {name: score["value"] for name, score in record["scores"].items()}


def test_a_pattern_of_folders_runs_a_task_on_each(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the zero-shot sets of a folder in the layout of CLIP_benchmark by one command."""
    data = shapes_classes(None, images=4, size=64, seed=0)
    for name, template in (("wds_vtab-b10", "a {c}"), ("wds_vtab-b9", "{c}")):
        members = []
        for n, sample in enumerate(data.samples):
            members.append((f"s{n}.cls", b"%d" % sample.target))
            members.append((f"s{n}.png", read_bytes(sample.inputs["image"])))
        root = tmp_path / "wds" / name
        write_tar(root / "test/0.tar", members)
        write_file(root / "test/nshards.txt", "1\n")
        write_file(root / "classnames.txt", "\n".join(data.labels) + "\n")
        write_file(root / "zeroshot_classification_templates.txt", template + "\n")
    write_file(tmp_path / "wds/README.md", "# sets")

    def records_of(data: str) -> list[dict[str, Any]]:
        flags = ["-m", "random", "-t", "zeroshot", "--data", str(tmp_path / "wds" / data)]
        assert main(["run", *flags, "--out", str(tmp_path / "board"), "--json", "--quiet"]) == 0
        records: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return records

    records = records_of("*")
    assert [one["task"]["name"] for one in records] == [
        "zeroshot+wds_vtab-b9",
        "zeroshot+wds_vtab-b10",
    ]
    assert {one["task"]["data"]["sample"] for one in records} == {4}
    assert len({one["task"]["asked"] for one in records}) == 2  # their prompts differ
    assert values(records_of("wds_vtab-b9")[0]) == values(records[0])
    assert (tmp_path / "board/zeroshot+wds_vtab-b9.md").is_file()
    monkeypatch.chdir(tmp_path)
    again = ["rescore", records[0]["run"], "--data", str(tmp_path / "wds/wds_vtab-b9")]
    assert main([*again, "--out", "board", "--json"]) == 0
    assert values(json.loads(capsys.readouterr().out)[0]) == values(records[0])


def test_data_of_one_task_may_be_a_pattern_of_folders(tmp_path: Path) -> None:
    for name in ("a2", "a10"):
        (tmp_path / name).mkdir()
    pattern, other = str(tmp_path / "a*"), str(tmp_path / "a2")
    tasks, data = expand_folders(["zeroshot", "captions"], [f"zeroshot={pattern}", other])
    assert tasks == ["zeroshot+a2", "zeroshot+a10", "captions"]
    found = [data_for(task, data, tasks) for task in tasks]
    assert found == [tmp_path / "a2", tmp_path / "a10", tmp_path / "a2"]
    (tmp_path / "a0.tar").touch()  # a pattern of archives is one data set
    unchanged = ["zeroshot"], [pattern]
    assert expand_folders(*unchanged) == unchanged
    assert expand_folders(["zeroshot"], [other]) == (["zeroshot"], [other])


def test_a_task_file_runs_the_same(home: Path, tmp_path: Path, capsys: Capture) -> None:
    flags = ["-t", "retrieval", "--data", str(home / "products.csv")]
    record = run(capsys, tmp_path, *flags)
    assert record["task"]["data"] == {"query": 12, "corpus": 6}
    assert any("--columns image=filepath,text=title" in note for note in record["notes"])
    file = str(tmp_path / "mine.yaml")
    assert main(["init", "task", file, *flags]) == 0
    assert "12 query" in capsys.readouterr().out
    again = run(capsys, tmp_path, "-t", file)
    for name in ("fingerprint", "data_hash"):
        assert again["task"][name] == record["task"][name]
    assert again["scores"] == record["scores"]
    assert "exists; remove it" in refusal(capsys, "init", "task", file, *flags)


def test_classes_and_prompts(home: Path, tmp_path: Path, capsys: Capture) -> None:
    flags = ["--data", str(home / "classes.csv"), "--columns", "label=kind"]
    flags += ["--labels", str(home / "names.txt")]
    flags += ["--template", "one shape: a small {}", "--template", "one shape: a large {c}"]
    record = run(capsys, tmp_path, "-t", "zeroshot", *flags)
    assert "templates=2:" in record["scores"]["accuracy@1"]["signature"]
    assert record["counts"]["failed"] == 0
    file = str(tmp_path / "classes.yaml")
    assert main(["init", "task", file, *flags]) == 0
    again = run(capsys, tmp_path, "-t", file)
    assert again["scores"] == record["scores"]
    assert again["task"]["fingerprint"] == record["task"]["fingerprint"]


def test_names_and_prompts_longer_than_paths(home: Path, capsys: Capture) -> None:
    names = ",".join(f"class number {n}" for n in range(1000))
    command = ["check", "-t", "zeroshot", "--data", str(home / "products.csv")]
    command += ["--columns", "label=title", "--labels", names, "--template", "x" * 5000]
    assert "has no {} for the class name" in refusal(capsys, *command)


def test_a_file_of_prompts(home: Path, tmp_path: Path, capsys: Capture) -> None:
    prompts = write_file(tmp_path / "prompts.txt", "a small {c}\n\na large {}\r\n")
    command = ["run", "-m", "random", "-t", "zeroshot", "--data", str(home / "classes.csv")]
    command += ["--columns", "label=kind", "--out", str(tmp_path), "--quiet"]
    from_file = run_record(capsys, *command, "--template", str(prompts))
    by_flag = run_record(capsys, *command, "--template", "a small {c}", "--template", "a large {}")
    assert from_file["task"]["fingerprint"] == by_flag["task"]["fingerprint"]
    assert "templates=2:" in from_file["scores"]["accuracy@1"]["signature"]


def test_several_labels_have_the_mean_average_precision(
    home: Path, tmp_path: Path, capsys: Capture
) -> None:
    rows = [{"image": f"c{n}.png", "labels": ["circle", "square"][: n % 2 + 1]} for n in range(6)]
    table = write_lines(home / "several.jsonl", *rows)
    command = ["run", "-m", "random", "--data", str(table), "--out", str(tmp_path), "--quiet"]
    record = run_record(capsys, *command, "-t", "zeroshot")
    assert record["headline"] == "mean_ap"
    assert list(record["scores"]) == ["mean_ap", "accuracy@1", "accuracy@5"]
    assert 0 < record["scores"]["mean_ap"]["value"] < 1
    again = run_record(capsys, "rescore", record["run"], "--out", str(tmp_path))
    assert (again["headline"], again["scores"]) == (record["headline"], record["scores"])
    kept = write_task(tmp_path / "own.yaml", include="zeroshot", metric="accuracy@1")
    record = run_record(capsys, *command, "-t", kept)
    assert list(record["scores"]) == ["accuracy@1"]


def test_an_unclear_column_has_the_whole_line_to_type(home: Path, capsys: Capture) -> None:
    table = write_file(home / "odd table.csv", 'filepath,"said, here"\nc0.png,a circle\n')
    command = ["check", "-t", "retrieval", "--data", str(table)]
    message = refusal(capsys, *command).replace("\n    ", " ")
    assert "the columns are filepath, said, here; type" in message
    line = shlex.split(message.rpartition("; type ")[2])
    assert line == ["mmbench", *command, "--columns", "image=filepath,text=COLUMN"]
    typed = [part.replace("COLUMN", "said, here") for part in line[1:]]
    assert main(typed) == 0


def test_a_folder_without_texts_or_labels(tmp_path: Path, capsys: Capture) -> None:
    save_image(tmp_path / "photos/x.png")
    for task, advice in (
        ("retrieval", "no text; write the texts of x.png to x.txt next to it, one per line"),
        ("captions", "no caption; write the texts of x.png to x.txt"),
        ("zeroshot", "no label; put the files of each class into a subfolder"),
        ("labels", "no label; put the files of each class into a subfolder"),
    ):
        message = refusal(capsys, "check", "-t", task, "--data", str(tmp_path / "photos"))
        assert f"photos: the files have {advice}" in " ".join(message.split())


def test_a_task_file_of_a_pattern_runs_in_every_folder(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(2):
        write_tar(
            tmp_path / f"tars/{n:03}.tar", [(f"{n}.png", png(n)), (f"{n}.txt", b"text %d" % n)]
        )
    monkeypatch.chdir(tmp_path)
    file = str(tmp_path / "mine.yaml")
    flags = ["-t", "retrieval", "--data", "tars/{000..001}.tar"]
    assert main(["init", "task", file, *flags]) == 0
    monkeypatch.chdir(tmp_path / "tars")
    assert main(["check", "-t", file]) == 0


def test_failed_samples_and_the_flag_that_accepts_them(
    home: Path, tmp_path: Path, capsys: Capture
) -> None:
    table = write_file(home / "gaps.csv", "filepath,title\nc0.png,a circle\nnone.png,a square\n")
    flags = ["run", "-m", "clip-nano", "-t", "retrieval", "--data", str(table), "--quiet"]
    flags += ["--out", str(tmp_path)]
    assert main(flags) == 3
    assert "; to accept them, add --allow-failed 1\n" in capsys.readouterr().err
    assert main([*flags, "--allow-failed", "1"]) == 0
    assert "--allow-failed" not in capsys.readouterr().err


def test_audio_has_directions_of_its_own(home: Path, tmp_path: Path, capsys: Capture) -> None:
    from tests.support.media.sounds import wav

    for number in range(2):
        (home / f"{number}.wav").write_bytes(wav())
    table = write_file(home / "sounds.csv", "file,caption\n0.wav,a tone\n1.wav,another tone\n")
    flags = ["-m", "random", "-t", "retrieval", "--data", str(table), "--out", str(tmp_path)]
    record = run_record(capsys, "run", *flags, "--quiet")
    assert record["headline"] == "recall@1[text-to-audio]"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["-t", "retrieval", "--template", "a {}"], "have no templates; leave out --template"),
        (["-t", "retrieval", "--labels", "a,b"], "have no labels to choose; leave out --labels"),
        (["-t", "shapes-retrieval", "--columns", "image=a"], "have no columns to choose"),
        (["-t", "zeroshot", "--labels", "cat"], "--labels cat: no such file; give names"),
        (["-t", "retrieval", "--columns", "image"], "write ROLE=FIELD, such as text=title"),
        (["-t", "retrieval"], "no data were given; give --data PATH"),
        (["-t", "retrieval", "--data", "absent/x/y.csv"], "no such file or folder; give a table"),
    ],
)
def test_flags_that_do_not_fit_are_refused(capsys: Capture, flags: list[str], message: str) -> None:
    assert message in " ".join(refusal(capsys, "check", *flags).split())
