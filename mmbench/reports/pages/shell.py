"""Complete HTML documents: head with a Content-Security-Policy, header, navigation and footer.

A document either contains its style sheet and scripts, so that the file can be sent alone, or
refers to them in the folder `assets` of a site.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from mmbench import __version__
from mmbench.reports.pages.html import Content, Html, element, join

STYLE, SCRIPT = "mmbench.css", "mmbench.js"
GENERATOR = "mmbench report"
MARKER = f'<meta name="generator" content="{GENERATOR} '.encode()  # in every page
ASSETS = "assets"  # the folder of a site with style sheet and scripts


class Crumb(NamedTuple):
    """A link in the navigation of a page; the current page has no target."""

    text: str
    target: str = ""


def page(
    title: str,
    *body: Content,
    crumbs: Sequence[Crumb] = (),
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    root: str | None = None,
) -> str:
    """Return a document with the heading `title` and the content `body`.

    `scripts` and `styles` are names of further files in `mmbench/reports/pages/assets/`. `root` is
    the relative path from the page to the folder of its site, "" or "../"; the files are then
    loaded from `assets/` there. If `root` is None, the page contains them.
    """
    style_names, script_names = (STYLE, *styles), (SCRIPT, *scripts)
    head = [
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_policy(script_names)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="referrer" content="no-referrer">'),
        Html(f'<meta name="generator" content="{GENERATOR} {__version__}">'),
        Html('<link rel="icon" href="data:,">'),
        element("title", f"{title} · mmbench"),
        [_style(name, root) for name in style_names],
        [_script(name, root) for name in script_names],
    ]
    main = element("main", element("h1", title), body, id="content", tabindex="-1")
    content = [
        element("a", "Skip to the content", href="#content", class_="skip"),
        _header(crumbs),
        main,
        element("footer", f"Made by mmbench {__version__} from run records."),
    ]
    return "\n".join([
        "<!doctype html>",
        '<html lang="en">',
        f"<head>{join(head)}</head>",
        f"<body>{join(content)}</body>",
        "</html>\n",
    ])  # fmt: skip


def _header(crumbs: Sequence[Crumb]) -> Html:
    links = [
        element("li", element("a", crumb.text, href=crumb.target))
        if crumb.target
        else element("li", element("span", crumb.text, aria_current="page"))
        for crumb in crumbs
    ]
    navigation = element("nav", element("ol", links), aria_label="Pages") if links else None
    toggle = element("button", "Theme", type="button", id="theme", hidden=True)
    return element("header", element("span", "mmbench", class_="brand"), navigation, toggle)


@cache
def asset(name: str) -> str:
    """Return the text of a packaged style sheet or script."""
    return (files(__package__) / "assets" / name).read_text("utf-8")


def _style(name: str, root: str | None) -> Html:
    if root is None:
        return Html(f"<style>{asset(name)}</style>")
    return element("link", rel="stylesheet", href=f"{root}{ASSETS}/{name}")


def _script(name: str, root: str | None) -> Html:
    if root is None:
        return Html(f"<script>{asset(name)}</script>")
    return Html(f'<script src="{root}{ASSETS}/{name}"></script>')


@cache
def _policy(scripts: tuple[str, ...]) -> str:
    """Return a Content-Security-Policy that permits these scripts and files next to the page.

    `'self'` permits files in the folder of a page that was opened from disk (tested in Chromium).
    Policy: https://www.w3.org/TR/CSP3/.
    """
    digests = (hashlib.sha256(asset(name).encode()).digest() for name in scripts)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        "default-src 'none'; img-src 'self' data:; media-src 'self' data:;"
        f" style-src 'self' 'unsafe-inline'; script-src 'self' {hashes};"
        " base-uri 'none'; form-action 'none'"
    )
