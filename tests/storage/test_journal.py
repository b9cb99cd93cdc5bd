"""The journal: whole batches come back bit for bit, torn or corrupted ones do not come back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import UserError
from mmbench.storage.content_keys import as_keys, digest
from mmbench.storage.journal.entries import JournalBatch, RowBlock
from mmbench.storage.journal.journal import Journal
from tests.support.processes import run_python

if TYPE_CHECKING:
    from mmbench.storage.content_keys import Keys


def keys_of(*names: str) -> Keys:
    return as_keys(map(digest, names))


def batch_of(names: str, seed: int = 0, dim: int = 3) -> JournalBatch:
    vectors = np.random.default_rng(seed).standard_normal((len(names), dim)).astype(np.float32)
    return JournalBatch(keys_of(*names), RowBlock(vectors.tobytes(), len(names)), {})


# Keys of "a" and "b" with a vector each, and "c", which failed: as written at first.
WRITTEN = bytes.fromhex(
    "6d6d62656e6368020200000010000000000000004e000000080000000400000050c10c017f5d9773d3595deedcc3"
    "7731c77b95b53f1a7b30fc9c942180a48b1bfa36938828a429dcc266dd04c286301a193f80eac5b3d25a7b226661"
    "696c75726573223a207b223434373438313535353636343037393435646439646432663365393535356634223a20"
    "22656d707479227d2c20226c656e67746873223a205b382c20385d7d0000803f0000004000004040000080"
    "40"
)


@pytest.mark.parametrize("block", [True, False])
def test_the_format_of_an_entry_stays(tmp_path: Path, block: bool) -> None:
    vectors = np.array([[1, 2], [3, 4]], np.float32)
    rows = RowBlock(vectors.tobytes(), 2) if block else [row.tobytes() for row in vectors]
    journal = Journal(tmp_path, "owner")
    journal.add(keys_of(*"abc"), JournalBatch(keys_of(*"ab"), rows, {digest("c"): "empty"}), (8, 4))
    journal.close()
    assert next(tmp_path.glob("*.segment")).read_bytes() == WRITTEN
    held = Journal(tmp_path, "owner").get(keys_of(*"cba"))
    assert held is not None
    assert (held.keys.tolist(), list(held.rows)) == (keys_of(*"ba").tolist(), list(rows)[::-1])
    assert held.failures == {digest("c"): "empty"}


def test_rows_of_any_length_come_back(tmp_path: Path) -> None:
    rows = [b"a cat", b"", b"\x89PNG" * 1000]
    journal = Journal(tmp_path)
    journal.add(keys_of("a", "b", "c"), JournalBatch(keys_of("a", "b", "c"), rows, {}), (3, 3))
    journal.close()
    whole, part = Journal(tmp_path).get(keys_of("a", "b", "c")), Journal(tmp_path).get(keys_of("c"))
    assert whole is not None
    assert part is not None
    assert (list(whole.rows), list(part.rows)) == (rows, rows[2:])


def put(folder: Path, names: str, seed: int = 0, *, fresh: bool = False) -> JournalBatch:
    journal, batch = Journal(folder, fresh=fresh), batch_of(names, seed)
    journal.add(batch.keys, batch, (8, 4))
    journal.close()
    return batch


def test_a_batch_comes_back_bit_for_bit(tmp_path: Path) -> None:
    batch = put(tmp_path, "abc")
    held = Journal(tmp_path).get(batch.keys)
    assert held is not None
    assert held.keys.tolist() == batch.keys.tolist()
    assert held.rows == batch.rows
    assert Journal(tmp_path).sizes == (8, 4)


def test_a_batch_held_in_part_is_not_held(tmp_path: Path) -> None:
    put(tmp_path, "abc")
    assert Journal(tmp_path).get(keys_of("a", "b", "c", "d")) is None
    assert Journal(tmp_path).get(keys_of("d")) is None


def test_keys_of_other_batches_answer_a_batch_that_was_never_run(tmp_path: Path) -> None:
    first, second = put(tmp_path, "abc", 1), put(tmp_path, "de", 2)
    held = Journal(tmp_path).get(keys_of("d", "a"))
    assert held is not None
    assert held.rows == [second.rows[0], first.rows[0]]


def test_own_entry_goes_before_rows_of_other_batches(tmp_path: Path) -> None:
    # A batch that was run as such must have the bits it had then, whatever ran before or after.
    put(tmp_path, "abc", 1)
    own = put(tmp_path, "ab", 2)
    put(tmp_path, "abd", 3)
    held = Journal(tmp_path).get(own.keys)
    assert held is not None
    assert held.rows == own.rows


def test_the_newest_that_was_written_answers_for_a_key(tmp_path: Path) -> None:
    put(tmp_path, "abc", 1)
    newest = put(tmp_path, "cba", 2)
    held = Journal(tmp_path).get(keys_of("b"))
    assert held is not None
    assert held.rows[0] == newest.rows[1]


@pytest.mark.parametrize("names", ["abc", "b", "ab"])
def test_outputs_of_a_fresh_run_replace_older_ones(tmp_path: Path, names: str) -> None:
    old, fresh = put(tmp_path, "abc", 1), put(tmp_path, names, 2, fresh=True)
    put(tmp_path, "xyz", 3)
    rows = dict(zip("abc", old.rows, strict=True)) | dict(zip(names, fresh.rows, strict=True))
    held = Journal(tmp_path).get(old.keys)
    assert held is not None
    assert list(held.rows) == list(rows.values())


def put_failure(folder: Path, name: str, *, fresh: bool) -> None:
    journal = Journal(folder, fresh=fresh)
    failures = {digest(name): "empty"}
    journal.add(keys_of(name), JournalBatch(keys_of(), [], failures), (1, 1))
    journal.close()


@pytest.mark.parametrize("fresh", [True, False])
def test_a_newer_failure_replaces_an_output_and_a_newer_output_a_failure(
    tmp_path: Path, fresh: bool
) -> None:
    put(tmp_path, "ab", 1)
    put_failure(tmp_path, "b", fresh=fresh)
    failed = Journal(tmp_path).part(keys_of("a", "b"))
    assert failed.keys.tolist() == keys_of("a").tolist()
    assert failed.failures == {digest("b"): "empty"}
    newest = put(tmp_path, "bc", 2, fresh=fresh)
    held = Journal(tmp_path).part(keys_of("b", "a"))
    assert (held.failures, held.keys.tolist()) == ({}, keys_of("b", "a").tolist())
    assert held.rows[0] == newest.rows[0]


def test_a_fresh_failure_replaces_the_batch_with_the_output(tmp_path: Path) -> None:
    put(tmp_path, "ab", 1)
    put_failure(tmp_path, "b", fresh=True)
    held = Journal(tmp_path).get(keys_of("a", "b"))
    assert held is not None
    assert held.failures == {digest("b"): "empty"}


KEYS = st.lists(st.sampled_from([b"", b"\1", b"\0\1", b"\xff", b"a\0b", b"a"]), unique=True)


@settings(max_examples=30)
@given(written=st.lists(KEYS.filter(bool), max_size=4), asked=KEYS)
def test_any_keys_come_back_as_from_a_dict(
    tmp_path_factory: pytest.TempPathFactory, written: list[list[bytes]], asked: list[bytes]
) -> None:
    folder, held = tmp_path_factory.mktemp("keys"), dict[bytes, bytes]()
    journal = Journal(folder)
    for number, starts in enumerate(written):
        rows = [b"%d of %d" % (row, number) for row in range(len(starts))]
        keys = [start.ljust(16, b"\0") for start in starts]  # with zeros at their ends
        journal.add(as_keys(keys), JournalBatch(as_keys(keys), rows, {}), (1, 1))
        held |= dict(zip(keys, rows, strict=True))
    journal.close()
    wanted = [start.ljust(16, b"\0") for start in asked]
    part = Journal(folder).part(as_keys(wanted))
    found = dict(zip(map(bytes, part.keys), map(bytes, part.rows), strict=True))
    assert found == {key: held[key] for key in wanted if key in held}


def test_fresh_reads_nothing_and_keeps_all(tmp_path: Path) -> None:
    batch = put(tmp_path, "abc")
    fresh = Journal(tmp_path, fresh=True)
    assert fresh.get(batch.keys) is None
    assert fresh.sizes is None
    assert Journal(tmp_path).get(batch.keys) is not None


def test_failures_are_remembered(tmp_path: Path) -> None:
    batch = batch_of("ab")._replace(failures={digest("c"): "not an image"})
    journal = Journal(tmp_path)
    journal.add(keys_of("a", "b", "c"), batch, (8, 8))
    journal.close()
    for names in ("abc", "ca"):
        held = Journal(tmp_path).get(keys_of(*names))
        assert held is not None
        assert held.failures == {digest("c"): "not an image"}


def test_a_batch_of_failures_alone(tmp_path: Path) -> None:
    batch = JournalBatch(keys_of(), [], {digest("c"): "empty"})
    journal = Journal(tmp_path)
    journal.add(keys_of("c"), batch, (8, 8))
    journal.close()
    held = Journal(tmp_path).get(keys_of("c"))
    assert held is not None
    assert (len(held.keys), held.failures) == (0, {digest("c"): "empty"})


@settings(max_examples=60)
@given(cut=st.integers(0, 10_000))
def test_a_torn_segment_keeps_its_whole_entries(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    journal, batches = Journal(folder), [batch_of(n, i) for i, n in enumerate(["abc", "de", "f"])]
    ends = []
    for batch in batches:
        journal.add(batch.keys, batch, (4, 4))
        ends.append(next(folder.glob("*.segment")).stat().st_size)
    journal.close()
    segment = next(folder.glob("*.segment"))
    cut %= ends[-1] + 1
    segment.write_bytes(segment.read_bytes()[:cut])
    for batch, end in zip(batches, ends, strict=True):
        held = Journal(folder).get(batch.keys)
        assert (held is not None) == (end <= cut)


@settings(max_examples=60)
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_flipped_byte_costs_one_entry_and_no_wrong_answer(
    tmp_path_factory: pytest.TempPathFactory, place: int, flip: int
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    journal, batches = Journal(folder), [batch_of(n, i) for i, n in enumerate(["abc", "de", "f"])]
    for batch in batches:
        journal.add(batch.keys, batch, (4, 4))
    journal.close()
    segment = next(folder.glob("*.segment"))
    raw = bytearray(segment.read_bytes())
    raw[place % len(raw)] ^= flip
    segment.write_bytes(raw)
    held = [Journal(folder).get(batch.keys) for batch in batches]
    assert sum(h is None for h in held) == 1
    for got, batch in zip(held, batches, strict=True):
        assert got is None or got.rows == batch.rows


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    one, two = Journal(tmp_path), Journal(tmp_path)
    first, second = batch_of("abc", 1), batch_of("def", 2)
    one.add(first.keys, first, (8, 8))
    two.add(second.keys, second, (8, 8))
    assert Journal(tmp_path).get(first.keys) is not None
    assert Journal(tmp_path).get(second.keys) is not None


FULL = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from mmbench.storage.content_keys import as_keys, digest
from mmbench.errors import UserError
from mmbench.storage.journal.journal import Journal
from mmbench.storage.journal.entries import JournalBatch
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
journal = Journal(Path(sys.argv[1]))
try:
    for i in range(100):
        keys = as_keys([digest(str(i))])
        journal.add(keys, JournalBatch(keys, [bytes(4000)], {}), (1, 1))
except UserError as error:
    print(i, error)
"""


def test_a_full_disk_is_one_line_and_keeps_what_was_written(tmp_path: Path) -> None:
    number, _, message = run_python(FULL, tmp_path).partition(" ")
    assert "cannot write to the cache" in message
    assert message.count("\n") == 1
    kept = [Journal(tmp_path).get(keys_of(str(i))) is not None for i in range(int(number) + 1)]
    assert kept == [True] * int(number) + [False]
    assert int(number) == 4


def test_an_unwritable_folder_is_a_user_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "x")
    (tmp_path / "x").rmdir()
    (tmp_path / "x").write_text("")
    with pytest.raises(UserError, match=r"cannot use the cache .*x: File exists"):
        journal.add(keys_of("a"), batch_of("a"), (1, 1))


def test_a_deleted_folder_is_made_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "x")
    (tmp_path / "x").rmdir()
    batch = batch_of("a")
    journal.add(batch.keys, batch, (1, 1))
    assert Journal(tmp_path / "x").get(batch.keys) is not None
