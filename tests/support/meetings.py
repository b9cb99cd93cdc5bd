"""A short meeting of three people as STM, RTTM and SegLST, and what a system made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.files import write_file

REFERENCE = {
    "m1": [
        ("anna", 0.0, 2.5, "good morning everyone"),
        ("ben", 2.0, 4.0, "good morning"),
        ("anna", 4.5, 7.0, "shall we start"),
        ("carl", 7.0, 8.0, "yes"),
    ],
    "m2": [("ben", 1.0, 3.0, "is anna here"), ("carl", 3.0, 4.0, "not yet")],
}
OUTPUT = {
    "m1": [
        ("spk0", 0.1, 2.4, "good morning everyone"),
        ("spk1", 2.2, 4.0, "could morning"),
        ("spk0", 4.5, 8.0, "shall we start yes"),
    ],
    "m2": [("spk1", 1.0, 4.2, "is anna here not yet")],
}
Turns = dict[str, list[tuple[str, float, float, str]]]


def rttm(sessions: Turns) -> str:
    """Return sessions as RTTM."""
    return "".join(
        f"SPEAKER {session} 1 {start} {round(end - start, 3)} <NA> <NA> {speaker} <NA> <NA>\n"
        for session, turns in sessions.items()
        for speaker, start, end, _ in turns
    )


def stm(sessions: Turns) -> str:
    """Return sessions as STM."""
    return "".join(
        f"{session} 1 {speaker} {start} {end} {words}\n"
        for session, turns in sessions.items()
        for speaker, start, end, words in turns
    )


def seglst(sessions: Turns) -> list[dict[str, Any]]:
    """Return sessions as SegLST."""
    return [
        {"session_id": session, **segment}
        for session, turns in sessions.items()
        for segment in segments(turns)
    ]


def segments(turns: list[tuple[str, float, float, str]]) -> list[dict[str, Any]]:
    """Return the turns of a session as segments."""
    keys = ("speaker", "start_time", "end_time", "words")
    return [dict(zip(keys, turn, strict=True)) for turn in turns]


def write_meetings(folder: Path) -> tuple[Path, Path]:
    """Write references and outputs as STM files; return their paths."""
    return write_file(folder / "ref.stm", stm(REFERENCE)), write_file(
        folder / "hyp.stm", stm(OUTPUT)
    )
