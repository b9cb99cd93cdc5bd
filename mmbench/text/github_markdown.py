"""Markdown for comments on GitHub: text from models and data stays text.

GitHub does more with a comment than CommonMark says: `@name` notifies a person or a team, `#12` and
`GH-12` link to an issue and appear there, and images are fetched. Backslashes do not prevent
mentions and references, because GitHub looks for them in the rendered page. It ignores them in code
(html-pipeline, `lib/html_pipeline/node_filter/mention_filter.rb`, `IGNORE_PARENTS`). A reply by
email quotes a comment as plain text, in which mentions count again
(dependabot/dependabot-core#3157); a zero-width space after the `@` or `#` prevents it.
"""

from __future__ import annotations

import re

from mmbench.text import markdown, plain

_REFERENCE = re.compile(r"(?<!\w)(?:@(?=\w)|#(?=\d)|GH-(?=\d))", re.IGNORECASE)
_ZERO_WIDTH_SPACE = "\u200b"


def github_text(text: str, limit: int = 200) -> str:
    """Return Markdown that shows `text` literally, in a paragraph or a table cell of a comment.

    It makes no link, tag, mention or reference. The text is truncated to `limit` characters.
    """
    return _without_references(markdown(text, limit))


def github_code(text: str, limit: int = 200) -> str:
    """Return a code span that shows `text` literally, in a table cell of a comment.

    The text is truncated to `limit` characters. Return "" for a text without visible characters.
    """
    code = _without_references(plain(text, limit)).replace("|", "\\|")
    if not code:
        return ""
    fence = "`" * (_longest_run(code) + 1)
    space = " " if code[0] == "`" or code[-1] == "`" else ""
    return f"{fence}{space}{code}{space}{fence}"


def github_block(lines: list[str], language: str = "", limit: int = 2_000) -> list[str]:
    """Return the lines of a code block that shows `lines`, each of at most `limit` characters."""
    shown = [plain(line, limit) for line in lines]
    fence = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    return [f"{fence}{language}", *shown, fence]


def _longest_run(text: str) -> int:
    """Return the number of backticks in the longest sequence of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)


def _without_references(text: str) -> str:
    return _REFERENCE.sub(rf"\g<0>{_ZERO_WIDTH_SPACE}", text)
