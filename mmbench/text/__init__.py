"""Formatting of text, and its safe display. Model outputs and data are treated as untrusted."""

from __future__ import annotations

import html
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from posixpath import normpath

# Control characters move the cursor of a terminal, and bidirectional marks reverse the text around
# them. Both occur in file names, captions and model outputs.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_IES = ("ry", "dy", "ty")  # endings of words with a plural in -ies: query, body, entity
# Markup of Markdown, and URLs, which become links automatically.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|!&~]|(?<=:)/(?=/)|(?i:(?<=www))\.)")
_NAME = re.compile(r"[\w@.:{}\[\]%+ -]*")  # characters that form no link, tag or column
# Characters of texts in pages that may be hidden. Joiners are part of emoji and of some scripts.
_UNUSUAL = re.compile(r"[^\n\t -~\u200c\u200d]")
# Workflow commands of GitHub Actions in the output of a step: a leading `::`, and `##[` anywhere.
_COMMANDS = re.compile(r"^(\s*:)(?=:)|(##)(?=\[)", re.MULTILINE)


def plain(text: str, limit: int = 200) -> str:
    """Return text as one line that is safe to print, at most `limit` characters long.

    Each control or formatting character is replaced by U+FFFD; a longer text is truncated.
    """
    spaced = " ".join(text.split())
    visible = "".join(map(_visible, spaced))
    return visible if len(visible) <= limit else f"{visible[: limit - 1]}…"


def printable(text: str) -> str:
    """Return lines of text that are safe to print.

    Each control or formatting character, except line breaks, is replaced by U+FFFD, and commands
    for GitHub Actions are made ineffective. Use `plain` for a single name; it also truncates.
    """
    lines = text.replace("\t", " ").split("\n")
    visible = "\n".join("".join(map(_visible, line)) for line in lines)
    return _COMMANDS.sub(r"\1\2 ", visible)


def _visible(char: str) -> str:
    return "\ufffd" if unicodedata.category(char) in _HIDDEN else char


def json_escaped(text: str) -> str:
    """Return JSON with control and formatting characters escaped; its values do not change."""
    return "".join(map(_escaped, text)) if not text.isascii() or "\x7f" in text else text


def _escaped(char: str) -> str:
    if char == "\n" or unicodedata.category(char) not in _HIDDEN:
        return char
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def markdown(text: str, limit: int = 200) -> str:
    """Return a Markdown table cell that shows `text` literally: no link, tag or further column."""
    return _MARKDOWN.sub(r"\\\1", plain(text, limit))


def markdown_name(text: str) -> str:
    """Return a name such as `recall@1[text-to-image]` unchanged, and escape any other text."""
    is_name = text.isprintable() and _NAME.fullmatch(text) and "www." not in text.lower()
    return text if is_name else markdown(text)


def markdown_code(text: str) -> str:
    """Return a Markdown code span that shows `text` and is safe in a table cell."""
    code = plain(text).replace("`", "'").replace("|", "\\|")
    return f"`{code}`"


def html_text(text: str) -> str:
    """Return HTML that shows `text` literally, in an element or in a quoted attribute.

    Control and formatting characters, which include marks that reverse the text, are replaced by
    U+FFFD. Line breaks and tabs are kept, and so are the joiners of emoji and of some scripts.
    """
    return html.escape(_UNUSUAL.sub(lambda match: _visible(match[0]), text))


def csv_cell(text: str, limit: int = 200) -> str:
    """Return a CSV cell that no spreadsheet evaluates: a `'` precedes a leading =, +, - or @."""
    cell = plain(text, limit)
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@"} else cell


def count(number: int, noun: str) -> str:
    """Return a number with a noun: `1 image`, `5,000 images`, `2 queries`, `2 classes`."""
    if number == 1:
        return f"{number:,} {noun}"
    if noun.endswith(_IES):
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}{'es' if noun.endswith('s') else 's'}"


def count_in_groups(number: int, noun: str, groups: int | None) -> str:
    """Return a number of items and of their groups: `5,000 samples in 1,000 groups`.

    Without groups, or if each group has one item, the groups are left out.
    """
    counted = count(number, noun)
    return counted if groups in (None, number) else f"{counted} in {count(groups or 0, 'group')}"


def part_of(number: int, total: int, noun: str, singular: str = "has", plural: str = "have") -> str:
    """Return a count as the start of a sentence: `1 of 60 samples has`, `2 of 60 samples have`.

    `noun` is the noun for one item; `singular` and `plural` are the forms of the verb.
    """
    return f"{number:,} of {count(total, noun)} {singular if number == 1 else plural}"


def sample_noun(side: str) -> str:
    """Return the noun for the samples of a role: `sample`, `corpus sample`."""
    return side if side == "sample" else f"{side} sample"


def format_sizes(sizes: Mapping[str, int]) -> str:
    """Return sample counts by role: `40 samples`, or `40 corpus samples, 200 query samples`."""
    return ", ".join(count(n, sample_noun(role)) for role, n in sorted(sizes.items()))


def path_id(ident: str) -> str:
    """Return an id with `.` and `..` resolved if it is a relative path: `a.jpg` for `x/../a.jpg`.

    An id is such a path if it has several parts separated by slashes, and one part is `.` or `..`.
    Other ids, and URLs with `://`, are returned unchanged.
    """
    parts = ident.split("/")
    return normal_path(ident) if len(parts) > 1 and {".", ".."} & {*parts} else ident


def normal_path(path: str) -> str:
    """Return a path without `.`, `..` and double slashes; return a URL with `://` unchanged."""
    return path if "://" in path or "\0" in path else normpath(path)


def with_home(path: str) -> str:
    """Return a path with the home folder in place of a leading `~/` or `~USER/`."""
    return os.path.expanduser(path)  # noqa: PTH111 - Path.expanduser fails for an unknown user


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in the order of first occurrence."""
    return [name for name, n in Counter(names).items() if n > 1]


def natural_key(text: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key that sorts numbers in names by value: step-2 before step-10."""
    parts = re.split(r"(\d+)", text)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], text


def listed(names: Iterable[str], most: int = 5) -> str:
    """Return the first `most` names and the number of further names: `a, b, c and 12 more`."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(plain(name, 80) for name in names[:most]) + more
