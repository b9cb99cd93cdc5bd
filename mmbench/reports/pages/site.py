"""Writes pages: a folder with an index, or a single file.

No file of another program is replaced. A site marks its folder with the file `MARK`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmbench.reports.pages.html import Content
from mmbench.reports.pages.names import root_of
from mmbench.reports.pages.shell import ASSETS, MARKER, SCRIPT, STYLE, Crumb, asset, page
from mmbench.storage.folders import Folder
from mmbench.storage.own_files import Maker, refuse_foreign, write_own_file

MARK = ".mmbench-report"
_MARK_TEXT = b"`mmbench report` writes the files of this folder, and replaces them.\n"
_PAGE = Maker("mmbench report", MARKER)
_OTHER = Maker("mmbench report", None)


class Site:
    """A folder of pages on disk or at an fsspec URL. Each file is written atomically.

    Pages are named relative to the folder: `index.html`, `runs/TASK/RUN.html`.
    """

    def __init__(self, where: str | Path, flag: str = "--site") -> None:
        """Raises UserError if the folder cannot be written or has an index of another program."""
        self.folder = Folder(where, flag)
        self._own = self.folder.has(MARK)
        self._assets: set[str] = set()
        self._refuse_foreign("index.html")
        self.folder.write(MARK, _MARK_TEXT)

    def write_page(
        self,
        name: str,
        title: str,
        *body: Content,
        crumbs: Sequence[Crumb] = (),
        scripts: Sequence[str] = (),
        styles: Sequence[str] = (),
    ) -> str:
        """Write a page, and the packaged files that it needs; return its path. See `shell.page`."""
        for asset_name in (STYLE, SCRIPT, *styles, *scripts):
            if asset_name not in self._assets:
                self.write(f"{ASSETS}/{asset_name}", asset(asset_name).encode())
                self._assets.add(asset_name)
        text = page(title, *body, crumbs=crumbs, scripts=scripts, styles=styles, root=root_of(name))
        self.write(name, text.encode())
        return self.folder.path(name)

    def write(self, name: str, data: bytes) -> None:
        """Write another file, such as a shard of samples or a thumbnail.

        Raises UserError if the file cannot be written or is of another program.
        """
        self._refuse_foreign(name, data)
        self.folder.write(name, data)

    def has(self, name: str) -> bool:
        """Return whether an earlier report, or this one, has written a file."""
        return self.folder.has(name)

    def _refuse_foreign(self, name: str, new: bytes = b"") -> None:
        """Raise UserError for a file that exists and that no report has written.

        In the folder of an earlier report, only pages are checked. A file with the content `new` is
        of a report that writes into the same folder at the same time.
        """
        is_page = name.endswith(".html")
        if is_page or not self._own:
            refuse_foreign(self.folder, name, _PAGE if is_page else _OTHER, new)


def write_page_file(path: str | Path, text: str, flag: str = "--file") -> None:
    """Write a page as a single file.

    Raises UserError if it cannot be written or would replace a file of another program.
    """
    write_own_file(Path(path), text.encode(), _PAGE, flag)
