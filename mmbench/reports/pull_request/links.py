"""Links from a comment into the pages of `mmbench report`."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from mmbench.errors import UserError
from mmbench.reports.pages.names import comparison_page_name, run_page_name
from mmbench.text import plain
from mmbench.types import RunRecord

_SAFE = "/:?&=%~.-_+,;@"  # characters of a URL that end neither a link nor a table cell


class ReportLinks:
    """The links of a comment on two runs into a report with both.

    `url` is the folder of the report's pages if it ends with a slash. Another URL, such as that of
    an archive of the report, has no pages: only the comparison is linked, to the URL as it is.
    Without a URL, texts are returned without a link.
    """

    def __init__(self, url: str, baseline: RunRecord, candidate: RunRecord) -> None:
        """Raises UserError for a URL that is neither http nor https."""
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if url and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise UserError(f"--report-url {plain(url)}: not a URL that starts with https://")
        self._folder = quote(url, _SAFE) if url.endswith("/") else ""
        page = quote(comparison_page_name(baseline, candidate))
        self.comparison = f"{self._folder}{page}" if self._folder else quote(url, _SAFE)

    def to_run(self, text: str, record: RunRecord) -> str:
        """Return Markdown `text` with a link to the page of a run."""
        return self._link(text, quote(run_page_name(record)))

    def to_comparison(self, text: str) -> str:
        """Return Markdown `text` with a link to the page that compares the runs."""
        return f"[{text}]({self.comparison})" if self.comparison else text

    def to_sample(self, text: str, ident: str, direction: str, split: int) -> str:
        """Return Markdown `text` with a link to a sample in the page that compares the runs."""
        values = {"sample": ident, "direction": direction, "split": str(split)}
        place = "&".join(
            f"{name}={quote(value, safe='')}"
            for name, value in values.items()
            if value not in ("", "0") or name == "sample"
        )
        return f"[{text}]({self.comparison}#{place})" if self._folder else text

    def _link(self, text: str, page: str) -> str:
        return f"[{text}]({self._folder}{page})" if self._folder else text
