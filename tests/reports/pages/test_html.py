"""Elements escape every text; documents permit their own scripts alone."""

import json
import re
from html.parser import HTMLParser

import pytest

from mmbench.reports.pages.html import Html, breakable, element, join, json_data, safe_target

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></textarea><svg onload=alert(1)>",
    "&lt;b&gt;",
]


class Parsed(HTMLParser):
    """The tags, attributes and text of markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_a_text_in_content_and_attributes(text: str) -> None:
    parsed = Parsed(element("td", text, [text], title=text, data_value=text))
    assert parsed.tags == [("td", {"title": text, "data-value": text})]
    assert parsed.text == text * 2


def test_control_and_reversing_characters_are_visible_and_joiners_stay() -> None:
    assert join("a\0b\u202ec\u2066d\x1be") == "a\ufffdb\ufffdc\ufffdd\ufffde"
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert join(f"{family}\n\t") == f"{family}\n\t"
    assert join("\ud800") == "\ufffd"


def test_markup_is_inserted_once_and_nothing_is_left_out() -> None:
    inner = element("b", "a & b")
    assert element("p", inner, None, ["x", ("<", 3)]) == "<p><b>a &amp; b</b>x&lt;3</p>"
    assert isinstance(inner, Html)
    assert element("img", alt="", src="a.png", hidden=False, width=3) == (
        '<img alt="" src="a.png" width="3">'
    )
    assert element("input", disabled=True) == "<input disabled>"
    assert element("path", stroke_width=2, class_="a") == '<path stroke-width="2" class="a"></path>'


@pytest.mark.parametrize("tag", ["script", "style"])
def test_elements_whose_content_is_no_text_are_refused(tag: str) -> None:
    with pytest.raises(ValueError, match=tag):
        element(tag, "x")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " java\nscript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "\x01javascript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>",
        "//host/share",
        "\\\\host\\share",
        "/\t/host/share",
    ],
)
def test_a_dangerous_target_is_left_out(url: str) -> None:
    assert not safe_target(url)
    assert not safe_target(url, media=True)
    assert element("a", "x", href=url) == "<a>x</a>"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("recall@1[text-to-image]", ["recall@1", "[text-to-image]"]),
        ("m@runs/a/step-1", ["m", "@runs/", "a/", "step-1"]),
        ("f1{macro:kind}", ["f1", "{macro:kind}"]),
        ("<b>", ["&lt;b&gt;"]),
        ("", [""]),
    ],
)
def test_a_name_breaks_at_its_joints(name: str, parts: list[str]) -> None:
    assert join(breakable(name)) == "<wbr>".join(parts)


def test_links_and_media_have_different_targets() -> None:
    assert all(map(safe_target, ["runs/a.html", "#a", "https://a.b/c", "a%3Ab", "mailto:a@b.c"]))
    media = ["a.png", "file:///a/b.png", "data:image/png;base64,AA", "data:audio/wav;base64,AA"]
    assert all(safe_target(url, media=True) for url in media)
    assert not safe_target("https://a.b/c.png", media=True)  # would be loaded from a network
    assert not safe_target("data:image/svg+xml,<svg>")


def test_data_for_scripts_cannot_end_their_element() -> None:
    value = {"a": "</script><!--\u2028&", "n": float("nan"), "s": "\ud800"}
    markup = json_data("x", value)
    (inside,) = re.findall(r'^<script type="application/json" id="x">([^<>&]*)</script>$', markup)
    assert json.loads(inside)["a"] == value["a"]
    assert json.loads(inside)["n"] is None
