"""Folders of boards: on disk and behind URLs, refused before a run where nothing can be written."""

from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.errors import UserError
from mmbench.storage.folders import Folder
from tests.support.command_line import refusal
from tests.support.files import write_lines
from tests.support.processes import run_python


def test_a_file_url_is_the_folder_that_it_names(tmp_path: Path) -> None:
    place = tmp_path / "a b/ü"
    for url in (place.as_uri(), f"FILE://{place}", f"local://{place}/"):
        folder = Folder(url)
        folder.check_writable()
        folder.write("runs/t/x.json", b"{}", durable=True)
        assert (place / "runs/t/x.json").read_bytes() == b"{}"
        assert folder.run_files() == ["runs/t/x.json"]
        assert folder.path("x") == f"{url.rstrip('/')}/x"
    assert {path.name for path in place.rglob("*")} == {"runs", "t", "x.json"}
    with pytest.raises(UserError, match="give file:///FOLDER"):
        Folder("file://boards/mine")


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("{here}/file", "Not a directory"),
        ("{here}/file/board", "Not a directory"),
        ("{here}/" + 300 * "x", "File name too long"),
        ("{here}/" + 19 * f"{205 * 'x'}/", "File name too long"),
        ("/proc/board", ""),
        ("{here}/taken", "Not a directory"),
        ("{here}/link/board", "link is a link to a missing file or folder"),
        ("{here}/odd", "README.md: is a folder, not a regular file; move it away"),
        ("nosuch://bucket/board", "Protocol not known: nosuch"),
        ("file://board", "an absolute path"),
        ("file:/board", "give file:///board, or ./file:/board for a folder"),
        ("s3:/bucket/board", "give s3://bucket/board, or"),
        ("file:///a%00b", "not a folder"),
        ("", "not a folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, reason: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "odd/README.md").mkdir(parents=True)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/runs").write_text("")
    out = out.format(here=tmp_path)
    run = ["run", "-m", "oracle", "-t", "no-such-task", "--out", out]
    score = ["score", "-t", "no-such-task", "--predictions", "x", "--out", out]
    for args in (run, score, ["rescore", "x", "--out", out], ["verify", "-m", "x", "--out", out]):
        told = refusal(capsys, *args)
        assert reason in told
        assert out in told
        assert "no-such-task" not in told
    if out.endswith("odd"):  # holds no tables
        return
    assert "--media" in refusal(capsys, *run[:-1], str(tmp_path / "fine"), "--media", out)
    assert not (tmp_path / "fine").exists()


def test_a_folder_on_disk_may_have_an_escape_in_its_name(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a%00b")
    folder.write("x", b"1")
    assert (tmp_path / "a%00b" / "x").read_bytes() == b"1"


def use_board(out: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that reads or writes a board, on this one."""
    outputs = {"good": 60, "poor": 20}
    write_lines(here / "ref.jsonl", *({"id": n, "answer": "dog"} for n in range(60)))
    for name, right in outputs.items():
        said = [{"id": n, "value": "dog" if n < right else "cat"} for n in range(60)]
        write_lines(here / f"{name}.jsonl", *said)
        score = ["score", "-t", "answers", "--data", str(here / "ref.jsonl"), "--out", out]
        assert main([*score, "--predictions", str(here / f"{name}.jsonl"), "--quiet"]) == 0
    folder = Folder(out)
    folder.write("runs/captions/bad.json", b"")
    capsys.readouterr()

    def told(*args: str, code: int = 0) -> str:
        assert main([*args, "--out", out]) == code
        shown = capsys.readouterr()
        return shown.out + shown.err

    assert "bad.json: not a run record" in told("list", "runs")
    assert "skipped 1 file that cannot be read" in told("leaderboard", "build")
    assert "[answers](answers.md)" in folder.read("README.md").decode()
    page = folder.read("answers.md").decode()
    assert page.count("| good |") == page.count("| poor |") == 1
    assert "good" in told("leaderboard", "show", "answers")
    assert "better" in told("compare", "poor", "good")
    rule = ["--fail-if", "exact_match: -1%"]
    told("gate", "--baseline", "best", "--candidate", "latest", "-t", "answers", *rule, code=1)
    assert "no change" not in told("history", "answers")
    assert "rescored from" in told("rescore", "latest", "--quiet")
    url = folder.path(next(name for name in folder.run_files() if "good" in name))
    assert "model:        good" in told("show", "run", url)
    assert "no such run record" in told("show", "run", f"{out}/runs/x.json", code=2)


def test_every_command_on_a_board_in_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use_board("memory://all/commands", tmp_path, capsys)


def test_the_check_leaves_nothing_behind(tmp_path: Path) -> None:
    Folder(tmp_path / "deep/board").check_writable()
    assert not list(tmp_path.iterdir())
    Folder("memory://fresh/board").check_writable()
    assert Folder("memory://fresh/board").run_files() == []


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """As another user than root, whom permissions do not stop."""
    code = (
        "import os, sys; from mmbench.storage.folders import Folder\n"
        "from mmbench.errors import UserError\n"
        "os.getuid() or os.setuid(65534)\n"
        "try: Folder(sys.argv[1]).check_writable()\n"
        "except UserError as error: print(error)"
    )
    printed = run_python(code, "/etc/board")
    assert printed.startswith("cannot write to /etc/board: Permission denied; choose another")


def test_listings_have_visible_files_of_tasks_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "my[v1] *")
    for name in ("runs/a[1]/x.json", "runs/a[1]/.y.json", "runs/.b/z.json", "runs/b/y.json"):
        folder.write(name, b"")
    folder.write("runs/c.json", b"")
    folder.write("runs/a[1]/deep/x.json", b"")
    assert folder.run_files() == ["runs/a[1]/x.json", "runs/b/y.json"]
    assert folder.run_files(".parquet") == []
    assert Folder(tmp_path / "none").run_files() == []
