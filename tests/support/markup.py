"""The structure of pages: what a screen reader needs, checked without a browser."""

from html.parser import HTMLParser

_NAMED = {"input", "select"}  # controls that need a label


class _Structure(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.landmarks: list[str] = []
        self.faults: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._open.append(tag)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        if "id" in attributes:
            self.ids.append(attributes["id"] or "")
        if tag in ("main", "header", "footer"):
            self.landmarks.append(tag)
        if tag in _NAMED and "label" not in self._open and not attributes.get("aria-label"):
            self.faults.append(f"a control without a label: {attributes}")
        if tag == "img" and "alt" not in attributes:
            self.faults.append(f"an image without alt: {attributes}")
        hidden = attributes.get("aria-hidden") == "true"
        if tag == "svg" and not hidden and attributes.get("role") != "img":
            self.faults.append("a drawing without a role")
        if tag == "th" and "scope" not in attributes:
            self.faults.append("a header cell without scope")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]


def structure_faults(markup: str) -> list[str]:
    """Return what is wrong with headings, landmarks, ids, labels and alternatives of a page."""
    page = _Structure()
    page.feed(markup)
    faults = page.faults
    faults += [] if page.headings.count(1) == 1 else ["not one h1"]
    steps = zip(page.headings, page.headings[1:], strict=False)
    faults += [f"h{two} after h{one}" for one, two in steps if two > one + 1]
    faults += [] if sorted(page.landmarks) == ["footer", "header", "main"] else ["landmarks"]
    faults += sorted({f"id {one} twice" for one in page.ids if page.ids.count(one) > 1})
    return faults
