"""Elements of HTML and inline SVG, in which every text is escaped.

`element("td", text, class_="number")` returns `Html`. A plain `str` is text and is escaped; only a
value of type `Html` is inserted unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from mmbench.text import html_text
from mmbench.validation.safe_parse import encode_json


class Html(str):
    """Markup that is inserted into a page unchanged. Create it only with functions of this module
    or from text that has no part of a record, a data set or a model output.
    """

    __slots__ = ()


Content: TypeAlias = "str | int | Iterable[Content] | None"
Attribute: TypeAlias = "str | int | float | bool | None"

_VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_RAW = {"script", "style"}  # elements whose text is not escaped by a browser's parser
_TARGETS = {"href", "src", "poster"}
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_IGNORED = re.compile(r"[\x00-\x20]+")  # characters that browsers remove from URLs
_LINK_SCHEMES = ("http:", "https:", "mailto:")
_MEDIA_SCHEMES = ("file:", "data:image/", "data:audio/", "data:video/")


def element(tag: str, *content: Content, **attributes: Attribute) -> Html:
    """Return an element with its attributes and its content, which is escaped unless it is `Html`.

    A trailing underscore of an attribute's name is removed, and other underscores become hyphens:
    `class_`, `data_value`, `stroke_width`. An attribute that is None or False is omitted; one that
    is True has no value. An `href`, `src` or `poster` that could run a script or load a file from a
    network is omitted (see `safe_target`). `tag` and the names of attributes must be constants.
    Raises ValueError for `script` and `style`, whose content is not escaped.
    """
    if tag in _RAW:
        raise ValueError(f"element {tag}: its content is not text; use json_data or a script file")
    opening = f"<{tag}{''.join(_attribute(*pair) for pair in attributes.items())}>"
    return Html(opening if tag in _VOID else f"{opening}{join(content)}</{tag}>")


def join(content: Content) -> Html:
    """Return content as one piece of markup; texts are escaped, and None is left out."""
    if content is None:
        return Html()
    if isinstance(content, Html):
        return content
    if isinstance(content, str | int):
        return Html(html_text(str(content)))
    return Html("".join(map(join, content)))


def breakable(name: str) -> list[Content]:
    """Return the name of a score or a model, with the places where a narrow column breaks it.

    These are before brackets and the `@` of a checkpoint, and after `/`, `,` and `;`.
    """
    first, *parts = re.split(r"(?=[\[{]|@\D)|(?<=[/,;])", name)
    return [first, [[Html("<wbr>"), part] for part in parts]]


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    if name in _TARGETS and not safe_target(str(value), media=name != "href"):
        return ""
    return f' {name}="{html_text(str(value))}"'


def safe_target(url: str, *, media: bool = False) -> bool:
    """Return whether a page may refer to a URL.

    A link may lead to a web page (`http`, `https`), to an address (`mailto`) or to a relative path.
    The source of a medium may be a relative path, a `file` URL or embedded data. `javascript:` and
    other schemes are refused, and so is `//HOST/…`.
    """
    bare = _IGNORED.sub("", url).replace("\\", "/")
    if bare.startswith("//"):
        return False
    known = _MEDIA_SCHEMES if media else _LINK_SCHEMES
    return not _SCHEME.match(bare) or bare.lower().startswith(known)


def web_link(url: str) -> Html:
    """Return a link to a web page; a text that is no `http` or `https` URL stays a text."""
    is_web = url.startswith(("https://", "http://")) and safe_target(url)
    return element("a", url, href=url) if is_web else join(url)


def json_data(ident: str, value: object) -> Html:
    """Return a `script` element that holds a value as JSON, for a script of the page.

    The script reads it with `JSON.parse(document.getElementById(ID).textContent)`. NaN is null.
    """
    opening = f'<script type="application/json" id="{html_text(ident)}">'
    return Html(f"{opening}{script_json(value)}</script>")


def script_json(value: object) -> str:
    """Return a value as JSON that is safe inside a `script` element and in a JavaScript file."""
    text = encode_json(value).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
