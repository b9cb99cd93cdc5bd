"""Files that commands write: those of other programs are kept, and links and pipes are not
replaced by files.
"""

import os
from pathlib import Path

import pytest

from mmbench.errors import UserError
from mmbench.storage.folders import Folder
from mmbench.storage.own_files import Maker, refuse_foreign, write_file, write_own_file

MAKER = Maker("mmbench export", b"# Exported by mmbench.")
OWN = b"# Exported by mmbench.\n1\n"
REASON = "a file that `mmbench export` has not made exists there; move it away"


@pytest.mark.parametrize("data", [b"", OWN])
def test_an_empty_file_and_a_file_of_the_command_may_be_replaced(
    tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(data)
    refuse_foreign(Folder(tmp_path), "a.csv", MAKER)
    assert write_own_file(file, OWN, MAKER, "--file") == str(file)
    assert file.read_bytes() == OWN


def test_a_file_of_another_program_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("mine")
    with pytest.raises(UserError, match=f"cannot write .*a.csv: {REASON}.*--site"):
        refuse_foreign(Folder(tmp_path, "--site"), "a.csv", MAKER)
    with pytest.raises(UserError, match=f"--csv .*a.csv: {REASON}, or give another file"):
        write_own_file(file, OWN, MAKER, "--csv")
    assert file.read_text() == "mine"


def test_without_a_marker_every_file_is_of_another_program(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(OWN)
    with pytest.raises(UserError, match="has not made"):
        refuse_foreign(Folder(tmp_path), "a.js", Maker("mmbench report", None))
    refuse_foreign(Folder(tmp_path), "b.js", Maker("mmbench report", None))


@pytest.mark.parametrize("redirected", [False, True])
def test_a_link_is_written_in_place(tmp_path: Path, redirected: bool) -> None:
    """A link to a file, and /dev/stdout of a process, which is a link to a pipe or to a file."""
    if redirected:
        read, write = os.pipe()
        link, target = tmp_path / "stdout", Path(f"/proc/self/fd/{write}")
    else:
        link, target = tmp_path / "link", tmp_path / "target"
        target.write_text("old")
    link.symlink_to(target)
    write_file(link, OWN, "--csv")
    assert link.is_symlink()
    assert (os.read(read, 100) if redirected else target.read_bytes()) == OWN


def test_a_name_that_is_no_file_is_refused_in_one_line(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises(UserError, match=r"--csv .*: the file cannot be .*; give another file"):
            write_own_file(file, OWN, MAKER, "--csv")
        with pytest.raises(UserError):
            write_file(file, OWN, "--csv")
    with pytest.raises(UserError, match="--site"):
        Folder(tmp_path / ("x" * 300), "--site").has("a")
