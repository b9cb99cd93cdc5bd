"""The folders of data that commands on this machine have read."""

from pathlib import Path

import pytest

from mmbench.storage.content_keys import cache_folder
from mmbench.storage.data_folders import PermittedFiles, data_folders_read, remember_data_folders


def test_folders_are_remembered_once_and_resolved(tmp_path: Path) -> None:
    assert data_folders_read() == []
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    for _ in range(2):
        remember_data_folders([tmp_path / "data", tmp_path / "link"])
    assert data_folders_read() == [(tmp_path / "data").resolve()]
    remember_data_folders([tmp_path / "line\nbreak", tmp_path / "b\udce9"])
    assert len(data_folders_read()) == 3


def test_a_home_folder_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has private files next to a table of data."""
    home = tmp_path / "home/me"
    monkeypatch.setenv("HOME", str(home))
    remember_data_folders([home, home / "..", tmp_path, Path("/"), home / "data"])
    assert data_folders_read() == [(home / "data").resolve()]


def test_a_damaged_entry_is_ignored(tmp_path: Path) -> None:
    remember_data_folders([tmp_path / "private/data"])
    (entry,) = (cache_folder() / "data-folders").iterdir()
    entry.write_bytes(entry.read_bytes().removesuffix(b"/data"))
    assert data_folders_read() == []


def test_a_path_that_leads_out_of_a_folder_is_refused(tmp_path: Path) -> None:
    permitted = PermittedFiles([tmp_path / "data"])
    assert str(tmp_path / "data/a/b.png") in permitted
    for path in ("data/../x", "database/x", "."):
        assert str(tmp_path / path) not in permitted
    assert len(permitted.refused) == 3
