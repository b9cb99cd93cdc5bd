"""README and docs: commands print what is shown; code, links and extras of README exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmbench.reference.worlds.numbers import sources as numbers
from mmbench.storage import records
from mmbench.storage.run_lookup import find_run
from tests.support.checkpoints import contrastive
from tests.support.documents import DOCUMENTS, console_steps, fenced_blocks, output_matches
from tests.support.paths import ROOT
from tests.support.servers.chat_completions import serving
from tests.support.terminal import run_on_terminal

README = ROOT / "README.md"
BLOCKS = fenced_blocks(README)
RUNNABLE = [path for path in DOCUMENTS if any(map(list, map(console_steps, fenced_blocks(path))))]
LIMIT = 1_000_000  # bytes of rows in the repository
API_BASE = "http://localhost:8000/v1"  # as README has it
ANSWERS = {"animal": "dog", "car": "blue", "people": "two"}
MASKED = ("run", "verify", "inspect")  # times and scores differ on other processors
WIDTHS = {"compare": 80}  # its tables are shown as a terminal of 80 columns has them


@pytest.fixture
def api_base() -> Iterator[str]:
    """A server of chat completions that answers the questions of README."""
    with serving() as endpoint:
        for word, answer in ANSWERS.items():
            message = {"role": "assistant", "content": answer}
            choice = {"message": message, "finish_reason": "stop"}
            endpoint.script[word] = [{"choices": [choice]}]
        yield endpoint.base


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all documents, as a reader has it: several run the same models."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def workspace(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with the files that README and docs name: those of a clone, and the user's
    photos, recordings and checkpoint.
    """
    monkeypatch.setenv("MMBENCH_CACHE", str(cache))
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for path in committed("leaderboards"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / "photos").mkdir()
    for name in ("blue sea", "green garden", "red car"):
        Image.new("RGB", (64, 48), name.split()[0]).save(tmp_path / f"photos/{name}.jpg")
    make_recordings(tmp_path / "recordings")
    contrastive.build("clip", tmp_path / "my-clip")
    monkeypatch.chdir(tmp_path)


def make_recordings(folder: Path) -> None:
    """Write two recordings of spoken numbers, and a meeting of both with half a second between."""
    folder.mkdir()
    pieces = []
    for name, clip in (("first", "test-1.ogg"), ("second", "test-7.ogg")):
        shutil.copy(numbers.folder() / clip, folder / f"{name}.ogg")
        samples, rate = soundfile.read(folder / f"{name}.ogg")
        pieces += [np.zeros(rate // 2), samples]
    soundfile.write(folder / "meeting.flac", np.concatenate(pieces), rate)


def committed(folder: str) -> list[str]:
    """Return the paths of the files that a clone has in a folder."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git repository")
    command = ["git", "ls-files", "-z", folder]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return names.rstrip("\0").split("\0")


def run_command(command: str, api_base: str, last: int) -> tuple[int, str]:
    """Return the exit code of a command and its standard output; `last` is the code before it."""
    words = shlex.split(command.replace(API_BASE, api_base), comments=True)
    if words[0] == "mmbench":
        return run_on_terminal(WIDTHS.get(words[1], 100), words[1:], ["stdout"])
    if command == "echo $?":
        return 0, f"{last}\n"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.usefixtures("workspace", "own_plugins")
@pytest.mark.parametrize(
    "document",
    [
        pytest.param(path, id=path.name, marks=() if path == README else pytest.mark.slow)
        for path in RUNNABLE
    ],
)
def test_the_commands_print_what_is_shown(
    document: Path, api_base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [step for block in fenced_blocks(document) for step in console_steps(block)]
    code = 0
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        code, printed = run_command(step.command, api_base, code)
        if after is None or after.command != "echo $?":
            assert code == 0, f"{step.command}\nexit code {code}: {capsys.readouterr().err}"
        exact = not step.command.startswith(tuple(f"mmbench {name} " for name in MASKED))
        if not output_matches(step.output, printed, exact=exact):
            pytest.fail(f"{step.command}\n--- shown\n{step.output}--- printed\n{printed}")


def test_code_blocks_have_a_language_and_fit_on_a_page() -> None:
    assert {block.language for block in BLOCKS} == {"console", "python", "sh"}
    assert [line for block in BLOCKS for line in block.text.splitlines() if len(line) > 100] == []
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


def test_the_python_code_is_that_of_the_examples() -> None:
    code, _ = (block.text for block in BLOCKS if block.language == "python")
    (name,) = re.findall(r"`(examples/\w+\.py)`", README.read_text(encoding="utf-8"))
    assert lines_of(code) == lines_of((ROOT / name).read_text(encoding="utf-8"))


def lines_of(code: str) -> list[str]:
    """Return the lines of code that are not blank."""
    return [line for line in code.splitlines() if line]


def test_the_rows_in_the_repository_are_small_and_of_their_records() -> None:
    """The rows of the runs that README compares are committed."""
    rows = [ROOT / path for path in committed("leaderboards") if path.endswith(".parquet")]
    assert rows, "the repository has no rows: the examples need them"
    assert sum(path.stat().st_size for path in rows) < LIMIT
    for path in rows:
        assert records.read_table(find_run(path.with_suffix(".json")))["id"]


def test_the_extras_to_install_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = set(project["optional-dependencies"])
    for document in (README, ROOT / "docs/install.md"):
        named = re.findall(r"'(?:mmbench|\.)\[([\w,]+)\]'", document.read_text(encoding="utf-8"))
        assert named
        assert {extra for extras in named for extra in extras.split(",")} <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings_that_exist(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", prose_of(document))
    for path, heading in links:
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), path
        assert not heading or heading in headings_of(target), f"{path}#{heading}"


def prose_of(document: Path) -> str:
    """Return the text of a document without its code."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def headings_of(document: Path) -> set[str]:
    """Return the anchors of the headings of a document, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}
