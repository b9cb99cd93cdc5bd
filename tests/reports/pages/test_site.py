"""Sites and files never replace what another program wrote."""

from pathlib import Path

import pytest

from mmbench.errors import UserError
from mmbench.reports.pages.names import link, root_of
from mmbench.reports.pages.shell import page
from mmbench.reports.pages.site import MARK, Site, write_page_file


def test_a_site_is_written_twice_into_its_own_folder(tmp_path: Path) -> None:
    for text in ("one", "two"):
        site = Site(tmp_path)
        site.write_page("index.html", "Index", text)
        site.write("samples/0.js", text.encode())
    assert "two" in (tmp_path / "index.html").read_text()
    assert (tmp_path / "samples/0.js").read_text() == "two"
    assert 'href="assets/mmbench.css"' in (tmp_path / "index.html").read_text()


def test_two_reports_at_once_share_a_new_folder(tmp_path: Path) -> None:
    first = Site(tmp_path)
    (tmp_path / MARK).unlink()  # as if both had looked for it before one wrote it
    sites = [first, Site(tmp_path)]
    for site, text in zip(sites, ("one", "two"), strict=True):
        site.write_page("index.html", "Index", text)
        site.write("media/a.webp", b"same content")
    assert "two" in (tmp_path / "index.html").read_text()
    with pytest.raises(UserError, match="has not made"):
        sites[1].write("media/a.webp", b"other content")


@pytest.mark.parametrize("name", ["index.html", "runs/a.html", "assets/mmbench.css"])
def test_a_file_of_another_program_is_kept(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match=r"has not made.*--site"):
        site = Site(tmp_path)
        site.write_page("runs/a.html", "A")
    assert (tmp_path / name).read_text() == "mine"


def test_a_page_that_someone_replaced_is_kept_in_a_folder_of_a_report(tmp_path: Path) -> None:
    Site(tmp_path).write_page("index.html", "Index")
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(UserError, match="has not made"):
        Site(tmp_path)


def test_a_single_file_replaces_pages_and_empty_files_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    file.touch()
    for title in ("one", "two"):
        write_page_file(file, page(title))
        assert f"<h1>{title}</h1>" in file.read_text()
    file.write_text("mine")
    with pytest.raises(UserError, match=r"--file .*has not made"):
        write_page_file(file, page("three"))
    assert file.read_text() == "mine"
    with pytest.raises(UserError, match=r"cannot be read: .*; give another file"):
        write_page_file(tmp_path, page("a folder"))


def test_pages_refer_to_the_folder_of_their_site() -> None:
    assert [root_of(n) for n in ("index.html", "runs/a/b.html")] == ["", "../../"]
    assert link("tasks/a.html", "runs/a b/c#d.html") == "../runs/a%20b/c%23d.html"
