"""Hashes of files that are remembered: never those of a content that was replaced."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow.compute  # noqa: F401 - now, so that no example waits for it
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.columns import texts_of
from mmbench.engine.execution.decode import length, lengths
from mmbench.engine.inference.responses import distinct
from mmbench.errors import SampleError
from mmbench.storage.content_keys import ContentKeys, as_keys, digest, digest_of_keys
from mmbench.types import (
    ContinuationRequest,
    InvalidContent,
    Item,
    Media,
    Message,
    SeededPrompt,
    View,
)

OLD, NEW = b"weights of step 1", b"weights of step 2"  # equal in length


def key(cache: Path, path: Path) -> bytes:
    """The key that a run of its own computes or remembers."""
    with ContentKeys(cache) as keys:
        return keys.file(path)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContentKeys]:
    with ContentKeys(tmp_path_factory.mktemp("keys")) as keys:
        yield keys


def sound(raw: bytes) -> Media:
    return Media("audio", f"a sound of {raw!r}", lambda: raw)


TEXT = st.text(st.characters(), max_size=3)  # with lone surrogates
MEDIA = st.binary(max_size=1).map(sound)
TURNS = st.tuples(st.builds(Message, st.just("user"), st.tuples(TEXT, MEDIA)))
ITEMS = st.lists(
    st.one_of(
        TEXT,
        MEDIA,
        TURNS,
        st.builds(InvalidContent, st.sampled_from(["empty", "torn"])),
        st.builds(View, MEDIA, st.integers(0, 1)),
        st.builds(SeededPrompt, TEXT, st.integers(0, 1)),
        st.builds(ContinuationRequest, TURNS, TEXT),
    )
)


def key_or_reason(keys: ContentKeys, item: Item) -> bytes | str:
    try:
        return keys.key(item)
    except SampleError as error:
        return str(error)


@given(items=ITEMS)
def test_keys_of_many_are_the_key_of_each(keys: ContentKeys, items: list[Item]) -> None:
    found, failures = keys.keys(items)
    each = [failures.get(row, bytes(key)) for row, key in enumerate(found)]
    assert each == [key_or_reason(keys, item) for item in items]
    assert all(not found[row].any() for row in failures)


def test_the_key_of_a_part_of_a_video_has_its_span(keys: ContentKeys, tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(b"film")
    spans = (None, (0.0, 1.0), (0.0, 1.5))
    of_file = [keys.key(Media("video", str(file), span=span)) for span in spans]
    in_memory = [keys.key(Media("video", "a", lambda: b"film", span=span)) for span in spans]
    assert len({*of_file}) == len({*in_memory}) == 3
    assert keys.key(Media("video", str(file), span=(0, 1))) == of_file[1]  # type: ignore[arg-type]
    assert keys.known(Media("video", str(file), span=(0, 1))) in (None, of_file[1])


@given(text=TEXT)
def test_the_key_of_a_text_is_its_digest(keys: ContentKeys, text: str) -> None:
    assert keys.key(text) == digest("text", text)
    assert bytes(keys.keys([text])[0]) == digest("text", text)


@given(st.lists(st.binary(min_size=16, max_size=16)))
def test_the_digest_of_keys_is_that_of_parts(parts: list[bytes]) -> None:
    assert digest_of_keys(as_keys(parts)) == digest(*parts)


@given(items=ITEMS)
def test_distinct_items_stand_in_the_order_of_a_dict(keys: ContentKeys, items: list[Item]) -> None:
    seen: dict[bytes, int] = {}
    rows = []
    for item in items:
        key = key_or_reason(keys, item)
        rows.append(seen.setdefault(key, len(seen)) if isinstance(key, bytes) else -1)
    found = distinct(items, keys)
    assert list(map(bytes, found.keys)) == list(seen)
    assert found.rows.tolist() == rows
    assert found.first.tolist() == [rows.index(number) for number in range(len(seen))]
    assert {row for row, number in enumerate(rows) if number < 0} == found.failures.keys()


@given(items=ITEMS)
def test_lengths_of_many_are_the_length_of_each(items: list[Item]) -> None:
    rows = np.arange(len(items))[::-1]
    assert lengths(items, rows).tolist() == [length(item) for item in reversed(items)]


@given(texts=st.lists(st.text()))
def test_texts_in_a_column_are_those_of_a_list(keys: ContentKeys, texts: list[str]) -> None:
    column = texts_of(texts)
    assert column is not None
    one, other = distinct(column, keys), distinct(texts, keys)
    assert [part.tolist() for part in one[1:4]] == [part.tolist() for part in other[1:4]]
    assert list(one.select(np.arange(len(one.keys)))) == list(dict.fromkeys(texts))
    assert lengths(column, one.first).tolist() == lengths(texts, one.first).tolist()


def naive(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16).digest()


def in_place(path: Path) -> None:
    path.write_bytes(NEW)


def same_time(path: Path) -> None:
    """As `cp -p`, `rsync -t` and unpacked archives do: size and modification time stay."""
    times = path.stat()
    path.write_bytes(NEW)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replaced(path: Path) -> None:
    """As trainers write: a part beside it, renamed over it, here with the old time."""
    part = path.with_suffix(".part")
    part.write_bytes(NEW)
    os.utime(part, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    part.replace(path)


@pytest.mark.parametrize("change", [in_place, same_time, replaced])
@pytest.mark.parametrize("clock", [2 * 10**9, -1], ids=["just written", "remembered"])
def test_a_file_that_changed_has_a_new_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], clock: int
) -> None:
    monkeypatch.setattr("mmbench.storage.content_keys._CLOCK_NS", clock)
    path = tmp_path / "model.pt"
    path.write_bytes(OLD)
    assert key(tmp_path, path) == naive(OLD)
    change(path)
    assert key(tmp_path, path) == naive(NEW)


def test_a_link_that_points_elsewhere_has_a_new_key(tmp_path: Path) -> None:
    """Both files are written within one tick of the clock, so that only their paths differ."""
    for name, raw in (("1.pt", OLD), ("2.pt", NEW)):
        (tmp_path / name).write_bytes(raw)
        os.utime(tmp_path / name, (0, 0))
    link = tmp_path / "latest.pt"
    for name, raw in (("1.pt", OLD), ("2.pt", NEW)):
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        assert key(tmp_path, link) == naive(raw)


def test_only_a_file_that_has_settled_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another write within the resolution of the clock would leave size and times as they are."""
    path = tmp_path / "model.pt"
    path.write_bytes(OLD)
    key(tmp_path, path)
    assert rows(tmp_path) == 0
    monkeypatch.setattr(
        "mmbench.storage.content_keys._CLOCK_NS", -1
    )  # as if it had been written long ago
    key(tmp_path, path)
    assert rows(tmp_path) == 1


def rows(cache: Path) -> int:
    database = sqlite3.connect(cache / "hashes.sqlite")
    (count,) = database.execute("SELECT count(*) FROM file_keys").fetchone()
    database.close()
    return int(count)
