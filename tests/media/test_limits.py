"""Media that hold more than any real one, or that name something else to open, are refused."""

import gzip
import struct
import zipfile
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmbench.data.readers.library.local import load_local
from mmbench.data.sources.text_media_pairs import table
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.errors import ContentError, DataError
from mmbench.media import count_frames, decode_image, decode_sound, decode_video
from mmbench.media.sound import MAX_SAMPLES, MAX_SECONDS, _Limits
from mmbench.media.video import packets
from mmbench.types import Frames
from mmbench.validation import inflation
from mmbench.validation.inflation import check_parquet
from tests.support.media.sounds import sound_bytes


def film(width: int, height: int, form: str = "mov") -> bytes:
    """A black frame in PNG, which is small however large the frame is."""
    stream = BytesIO()
    with av.open(stream, "w", format=form) as container:
        track = container.add_stream("png", rate=10, options={"compression_level": "1"})
        track.width, track.height, track.pix_fmt = width, height, "gray"
        track.time_base = Fraction(1, 10)
        frame = av.VideoFrame.from_ndarray(np.zeros((height, width), np.uint8), format="gray")
        frame.pts = 0
        container.mux([*track.encode(frame), *track.encode()])
    return stream.getvalue()


@pytest.mark.slow
def test_a_frame_has_no_more_pixels_than_an_image_may_have() -> None:
    with pytest.raises(ContentError, match=r"x.mov has frames of 10000 x 9000 pixels, more than"):
        decode_video(film(10_000, 9_000), "x.mov", Frames(1))


def test_all_frames_of_a_video_have_a_limit_together() -> None:
    data = film(1000, 1000)
    assert decode_video(data, "x.mov", Frames(2)).frames.shape == (2, 1000, 1000, 3)
    expected = "1000 x 1000 pixels, more than the limit of 894,784; lower the option frames or"
    with pytest.raises(ContentError, match=expected):
        decode_video(data, "x.mov", Frames(1200))


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile other.mov\n",
        "v=0\nc=IN IP4 0.0.0.0\nm=video 5004 RTP/AVP 33\n",
    ],
    ids=["playlist", "session"],
)
def test_a_medium_opens_neither_another_file_nor_an_address(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.mov").write_bytes(film(16, 16))
    data = text.encode()
    for decode in (
        lambda: decode_video(data, "x.mov", Frames(1)),
        lambda: count_frames(data, "x.mov"),
        lambda: decode_sound(data, "x.mov", 16_000),
    ):
        with pytest.raises(ContentError, match=r"x.mov cannot be decoded as a"):
            decode()


@pytest.mark.slow
def test_frames_of_8k_are_within_the_limit() -> None:
    data = film(7680, 4320)
    with pytest.raises(ContentError, match="has frames of 7680 x 4320"):
        decode_video(data, "x.mov", Frames(33))
    assert decode_video(data, "x.mov", Frames(1)).frames.shape == (1, 4320, 7680, 3)


@pytest.mark.parametrize("count", [1_000_000, 2**31])
def test_a_table_of_more_frames_than_bytes_is_refused(count: int) -> None:
    """libavformat would make room for them: 24 bytes for each of four billion."""
    data = bytearray(film(16, 16, "mp4"))
    at = data.index(b"stsz") + 8
    data[at : at + 8] = struct.pack(">II", 1, count)
    for read in (count_frames, lambda d, n: decode_sound(d, n, 16000)):
        with pytest.raises(ContentError, match=f"declares {count:,} frames in"):
            read(bytes(data), "x.mp4")


def test_a_run_of_frames_without_bytes_is_refused() -> None:
    stream = BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov"}
    with av.open(stream, "w", format="mp4", options=options) as container:
        track = container.add_stream("mpeg4", rate=10)
        track.width = track.height = 16
        container.mux([*track.encode(av.VideoFrame(16, 16, "yuv420p")), *track.encode()])
    data = bytearray(stream.getvalue())
    assert count_frames(bytes(data), "x.mp4") == 1
    at = data.index(b"trun") + 8
    data[at : at + 4] = struct.pack(">I", 10**9)
    with pytest.raises(ContentError, match="declares 1,000,000,000 frames"):
        count_frames(bytes(data), "x.mp4")


def test_a_sound_has_a_limit_of_rate_times_channels_times_seconds() -> None:
    data = bytearray(sound_bytes(np.zeros((1000, 8)), 655_350, "FLAC", "PCM_16"))
    packed = int.from_bytes(data[18:26], "big")
    data[18:26] = (packed >> 36 << 36 | 200_000_000).to_bytes(8, "big")  # samples in STREAMINFO
    with pytest.raises(ContentError, match=r"x.flac has 1,600,000,000 samples, more than the"):
        decode_sound(bytes(data), "x.flac", 16000)


def test_a_sound_that_would_be_long_at_the_models_rate_is_refused() -> None:
    data = sound_bytes(np.zeros((80_000, 1), np.float32), 1, subtype="PCM_U8")
    with pytest.raises(ContentError, match=r"has 3,840,000,000 samples"):
        decode_sound(data, "x.wav", 48_000)


def test_a_small_file_is_no_long_sound() -> None:
    data = sound_bytes(np.zeros((80_000, 1), np.float32), 1, subtype="PCM_U8")  # 6 GB at 16 kHz
    with pytest.raises(ContentError, match=r"has 1,280,000,000 samples in 80,044 bytes, more than"):
        decode_sound(data, "x.wav", 16_000)


def test_packets_have_a_limit_of_their_number_and_their_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An index can list the same bytes many times, and a packet needs 700 bytes of memory."""
    data = film(16, 16)
    with (
        monkeypatch.context() as patch,
        pytest.raises(ContentError, match=r"at least 1 packets of"),
    ):
        patch.setattr(packets, "MAX_PACKETS", 0)
        count_frames(data, "x.mov")
    monkeypatch.setattr(inflation, "MAX_RATIO", 0)
    assert count_frames(data, "x.mov") == 1
    monkeypatch.setattr(inflation, "MAX_EXPANDED", 1)
    with pytest.raises(
        ContentError, match=r"x\.mov has at least 1 packets of [\d,]+ bytes together in"
    ):
        decode_video(data, "x.mov", Frames(1))


def test_only_the_first_frame_of_a_gif_has_to_be_whole() -> None:
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\0"
    assert decode_image(head + frame + frame[:7], "x.gif").size == (1, 1)


def test_damaged_sounds_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """libsndfile prints what is wrong with a MIDI sample dump; soundfile prints its own errors."""
    for form, at in (("SDS", 21), ("AIFF", 40)):
        data = bytearray(sound_bytes(np.zeros((400, 1)), 16_000, form, "PCM_16"))
        data[at] ^= 0x7F  # where the next chunk or packet begins
        with suppress(ContentError):
            decode_sound(bytes(data), "x", 16_000)
    assert capfd.readouterr() == ("", "")


def test_long_recordings_are_within_the_limits() -> None:
    _Limits("stereo", 16_000, 64_000_000).add(3 * 3600 * 48_000, 2, 48_000)
    _Limits("day", 16_000, 64_000_000).add(24 * 3600 * 16_000, 1, 16_000)
    _Limits("silence", 16_000, 1000).add(4 * 3600 * 16_000, 1, 16_000)
    parts = _Limits("chain", 16_000, 64_000_000)
    with pytest.raises(ContentError, match="lasts 25 hours"):
        for _ in range(25):
            parts.add(3600 * 8000, 1, 8000)
    assert MAX_SECONDS < 25 * 3600
    assert MAX_SAMPLES > 25 * 3600 * 8000


def test_tables_and_arrays_that_inflate_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflation, "MAX_EXPANDED", 1 << 18)
    zeros, ids = np.zeros((200, 1000), np.float32), np.arange(200)
    arrays = {"query": zeros, "query_ids": ids, "corpus": zeros, "corpus_ids": ids}
    np.savez_compressed(tmp_path / "zeros.npz", **arrays)
    with pytest.raises(DataError, match=r"zeros\.npz: array \w+ expands from"):
        read_outputs(tmp_path / "zeros.npz")
    np.savez(tmp_path / "stored.npz", **arrays)
    assert read_outputs(tmp_path / "stored.npz").embeddings
    rows = {"image": ["a.jpg"] * 50, "text": ["x" * 100_000] * 50}
    for name, dictionary in (("plain", False), ("dictionary", True)):
        file = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table(rows), file, compression="zstd", use_dictionary=dictionary)
        with pytest.raises(DataError, match=rf"{name}\.parquet: .* expands from"):
            table(file)
    categories = pa.table(rows | {"text": pa.array(rows["text"]).dictionary_encode()})
    pq.write_table(categories, tmp_path / "categories.parquet")
    for name in ("plain", "dictionary", "categories"):
        for read in (check_parquet, table):
            with pytest.raises(DataError, match=rf"{name}\.parquet: the table expands from"):
                read(tmp_path / f"{name}.parquet")


def test_damaged_statistics_of_parquet_do_not_end_the_process(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"image": ["a.jpg", "b.jpg"], "text": ["x", "y"]}), file)
    data = file.read_bytes()
    required = data.replace(b"%\x02\x18\x04text", b"%\x00\x18\x04text")  # was optional
    assert required != data
    file.write_bytes(required)
    for read in (check_parquet, table):
        with pytest.raises((DataError, OSError), match=r"histogram size|end of stream"):
            read(file)


def test_packed_files_that_inflate_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflation, "MAX_EXPANDED", 1 << 18)
    line = b'{"text": "' + b"x" * 1_000_000 + b'"}\n'
    (tmp_path / "gzip").mkdir()
    (tmp_path / "gzip/a.jsonl.gz").write_bytes(gzip.compress(line))
    (tmp_path / "zip").mkdir()
    with zipfile.ZipFile(tmp_path / "zip/a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.jsonl", line)
    for name, what in {"gzip/a.jsonl.gz": "the file", "zip/a.zip": "member b.jsonl"}.items():
        with pytest.raises(DataError, match=rf"{name}: {what} expands from"):
            load_local((tmp_path / name).parent, None, "train")


def test_what_is_not_wanted_of_an_archive_is_not_read(tmp_path: Path) -> None:
    arrays = {"query": np.eye(2, dtype=np.float32), "query_ids": np.arange(2)}
    arrays |= {"corpus": arrays["query"], "corpus_ids": arrays["query_ids"]}
    np.savez(tmp_path / "x.npz", **arrays, other=np.array([object()]))  # pickled, which is refused
    assert read_outputs(tmp_path / "x.npz").embeddings
