"""Text from models and data stays text in a comment on GitHub."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.text.github_markdown import github_block, github_code, github_text

SPACE = "\u200b"
# html-pipeline, lib/html_pipeline/node_filter/mention_filter.rb: MENTION_PATTERNS.
MENTION = re.compile(r"(?:^|\W)@[a-z0-9][a-z0-9-]*(?!/)", re.IGNORECASE | re.MULTILINE)
MARKUP = "`|@#<>[]()!*_~\\&-: \n\t\u202e\u200b\x1bGH-12octocat./www."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a cat", "`a cat`"),
        ("", ""),
        (" \n ", ""),
        ("a|b", "`a\\|b`"),
        ("`", "`` ` ``"),
        ("a `b` c", "``a `b` c``"),
        ("```sh", "```` ```sh ````"),
        ("x\n| y |", "`x \\| y \\|`"),
        ("@octocat", f"`@{SPACE}octocat`"),
        ("see #12, GH-3", f"`see #{SPACE}12, GH-{SPACE}3`"),
        ("recall@1 test-102#4", "`recall@1 test-102#4`"),
        ("a\u202eb", "`a\ufffdb`"),
    ],
)
def test_code_shows_the_text_and_nothing_else(text: str, shown: str) -> None:
    assert github_code(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@org/team", f"@{SPACE}org/team"),
        ("#12", f"\\#{SPACE}12"),
        ("<img src=//x>", r"\<img src=//x\>"),
        ("![](https://x)", r"\!\[\](https:\//x)"),
    ],
)
def test_text_has_no_mention_reference_or_image(text: str, shown: str) -> None:
    assert github_text(text) == shown


@settings(max_examples=40)
@given(st.text(alphabet=MARKUP, max_size=40) | st.text(max_size=40))
def test_no_text_mentions_anybody_or_leaves_its_code_span(text: str) -> None:
    code = github_code(text, 60)
    assert not MENTION.search(code)
    assert not MENTION.search(github_text(text, 60))
    if code:
        assert "\n" not in code
        fence = re.match("`+", code)
        assert fence is not None
        inside = code[len(fence[0]) : -len(fence[0])]
        assert fence[0] not in re.findall("`+", inside)
        assert not re.search(r"(?<!\\)\|", inside)


@settings(max_examples=40)
@given(st.lists(st.text(alphabet=MARKUP), min_size=1, max_size=3))
def test_a_code_block_ends_at_its_last_line(lines: list[str]) -> None:
    opening, *shown, closing = github_block(lines, "sh")
    assert opening == f"{closing}sh"
    assert len(shown) == len(lines)
    assert not any(line.lstrip().startswith(closing) or "\n" in line for line in shown)


def test_long_texts_are_truncated() -> None:
    assert github_code("x" * 500, 60) == f"`{'x' * 59}…`"


HOSTILE = [
    "<img src=https://x/y.png>", "![x](https://x/y.png)", "[x](javascript:y)", "https://x.org/1",
    "www.x.org", "a | b \\| c \\\\| d", "`` ` ``` x", "</details>", "a\\", "&#64;octocat", "x`|`y",
    "$`@a`$", "**b** _i_ ~~s~~", "<!-- mmbench-gate-section: pass a b -->", "- [ ] task",
]  # fmt: skip


def test_githubs_own_parser_shows_each_text_as_it_is() -> None:
    reason = "cmarkgfm is a wheel with a compiled library, and needs cffi"
    cmarkgfm = pytest.importorskip("cmarkgfm", reason=reason)

    rows = [f"| {github_code(text)} | {github_text(text)} |" for text in HOSTILE]
    markdown = "\n".join(["| a | b |", "| --- | --- |", *rows, "", *github_block(HOSTILE)])
    shown = cmarkgfm.github_flavored_markdown_to_html(markdown)
    tags = {"table", "thead", "tbody", "tr", "th", "td", "code", "pre"}
    assert set(re.findall(r"<(\w+)", shown)) == tags
    cells = [re.sub("</?code>", "", one) for one in re.findall("<td>(.*?)</td>", shown)]
    texts = [html.unescape(cell).replace(SPACE, "").strip() for cell in cells]
    assert texts == [text for text in HOSTILE for _ in range(2)]
