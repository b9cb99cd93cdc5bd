"""The comment of a pull request: a file with a section for each gate, below one verdict.

A workflow checks several tasks with several commands, which write into the same file. A section
begins with a marker, a hidden line with the outcome, the task, the two runs and the metrics. The
heading of the comment is made from the markers. The first line of the comment is a marker too, by
which a workflow finds the comment that it has posted before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import quote, unquote

from mmbench.comparison.gate import WORST_FIRST, GateOutcome
from mmbench.reports.pull_request.section import MARKS, Section
from mmbench.storage.own_files import Maker, read_existing, write_own_file
from mmbench.text.github_markdown import github_text

# GitHub rejects a longer comment: "Body is too long (maximum is 65536 characters)"
# (mshick/add-pr-comment#93). Bytes of UTF-8 are never fewer than characters.
MOST_BYTES = 65_536
_NAMED = 3  # tasks that the heading names
_MADE = "<!-- mmbench-gate: "
_SECTION = re.compile(
    r"^<!-- mmbench-gate-section: (pass|fail|unclear) (\S+) (\S+) -->\n", re.MULTILINE
)
_VERBS = {  # of one gate, of several
    "pass": ("passes", "pass"),
    "fail": ("fails", "fail"),
    "unclear": ("is unclear", "are unclear"),
}
_CUT = "_Shortened, because a comment has at most 65,536 characters._"


class StoredSection(NamedTuple):
    """A section in a file: what its marker says, and its Markdown.

    `compared` identifies the gate: the ids of the baseline and of the candidate, and the metrics.
    """

    outcome: GateOutcome
    task: str
    compared: str
    text: str


def write_comment(file: Path, section: Section, flag: str = "--github-comment") -> str:
    """Write a section into the comment in `file`; return the path.

    The section replaces an earlier section of the same runs and metrics; other sections are kept.
    Raises UserError for a file that is not such a comment, or that cannot be written.
    """
    text = read_existing(file, flag).decode("utf-8", "replace")
    compared = ",".join(section.compared)
    others = [one for one in _read_sections(text) if one.compared != compared]
    new = StoredSection(section.outcome, section.task, compared, section.markdown)
    comment = to_markdown([*others, new], file.stem)
    maker = Maker("mmbench gate --github-comment", _MADE.encode())
    return write_own_file(file, comment.encode(), maker, flag)


def to_markdown(sections: Sequence[StoredSection], name: str, most: int = MOST_BYTES) -> str:
    """Return a comment with the sections, the worst first, in at most `most` bytes.

    `name` distinguishes the comment from other comments of mmbench. If the comment is too long,
    sections lose their details, those of the best outcome first, and then their tables.
    """
    ordered = sorted(sections, key=lambda section: WORST_FIRST.index(section.outcome))
    for shorten in (_without_details, _without_tables):
        for at in reversed(range(len(ordered))):
            if len(_join(ordered, name).encode()) <= most:
                break
            ordered[at] = ordered[at]._replace(text=shorten(ordered[at].text))
    return _join(ordered, name)


def _read_sections(text: str) -> list[StoredSection]:
    _, *parts = _SECTION.split(text)
    markers = zip(*(parts[at::4] for at in range(4)), strict=True)
    return [
        StoredSection(
            cast("GateOutcome", outcome), unquote(task), unquote(compared), content.strip("\n")
        )
        for outcome, task, compared, content in markers
    ]


def _join(sections: Sequence[StoredSection], name: str) -> str:
    parts = [f"{_MADE}{quote(name, safe='')} -->\n{_heading(sections)}"]
    for section in sections:
        names = " ".join(quote(name, safe="") for name in (section.task, section.compared))
        marker = f"<!-- mmbench-gate-section: {section.outcome} {names} -->"
        parts.append(f"{marker}\n{section.text}")
    return "\n\n".join(parts) + "\n"


def _heading(sections: Sequence[StoredSection]) -> str:
    """Return the heading of a comment: the worst outcome, and the tasks that have it."""
    worst = sections[0].outcome
    tasks = [section.task for section in sections if section.outcome == worst]
    one, several = _VERBS[worst]
    verb = one if len(tasks) == 1 else several
    named = ", ".join(github_text(task, 80) for task in tasks[:_NAMED])
    more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
    names = "" if worst == "pass" else f": {named}{more}{_also_unclear(sections, worst)}"
    return f"## {MARKS[worst]} mmbench: {_gates(len(tasks), len(sections))} {verb}{names}"


def _gates(number: int, total: int) -> str:
    if total == 1:
        return "the gate"
    return f"all {total} gates" if number == total else f"{number} of {total} gates"


def _also_unclear(sections: Sequence[StoredSection], worst: GateOutcome) -> str:
    unclear = sum(section.outcome == "unclear" for section in sections)
    if worst != "fail" or not unclear:
        return ""
    return f"; {unclear} {'is' if unclear == 1 else 'are'} unclear"


def _without_details(text: str) -> str:
    """Return a section without its details, which can be opened below its table."""
    before, opening, _ = text.partition("\n<details>")
    return f"{before}\n{_CUT}" if opening else text


def _without_tables(text: str) -> str:
    """Return the first line of a section, which has the verdict."""
    return f"{text.partition(chr(10))[0]}\n\n{_CUT}"
