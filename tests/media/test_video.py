"""Videos to the frames that are looked at: by number, upright, whatever the file does."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import ContentError
from mmbench.media import (
    count_frames,
    decode_sound,
    decode_video,
    encoded_video,
    frame_indices,
)
from mmbench.media.containers import open_container
from mmbench.media.video import frames_in_span
from mmbench.types import Frames, Media, View
from tests.support.errors import one_line_error
from tests.support.media.images import image_bytes, noise_image, plain_image
from tests.support.media.sounds import moov_in_front, with_edits
from tests.support.media.videos import numbered_video
from tests.support.paths import real_data

FILM = Media("video", "a.mp4")


def numbers(data: bytes, frames: Frames, view: View | None = None) -> list[int]:
    """Which frames were decoded, by their brightness."""
    found = decode_video(data, "a.mp4", frames, view)
    return [round(float(frame[12:, 12:].mean()) / 10) for frame in found.frames]


def naive(n: int, count: int) -> list[int]:
    """The frame in whose span the middle of each equal part falls, in exact numbers."""
    return [int(Fraction(2 * i + 1, 2) * Fraction(n, count)) for i in range(count)]


@given(st.integers(1, 5000), st.integers(1, 64))
def test_frames_are_the_middles_of_equal_parts(n: int, count: int) -> None:
    found = frame_indices(n, Frames(count))
    assert found == pytest.approx(naive(n, count), abs=0)
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] < n


@given(st.integers(1, 500), st.integers(1, 16), st.integers(1, 8), st.integers(1, 10))
def test_windows_are_spread_from_the_first_frame_to_the_last(
    n: int, count: int, stride: int, clips: int
) -> None:
    looks = [
        frame_indices(n, Frames(count, stride), View(FILM, clip, clips, 0, 1))
        for clip in range(clips)
    ]
    span = (count - 1) * stride + 1
    for look in looks:
        assert all(0 <= index < n for index in look)
        if n >= span:
            assert list(np.diff(look)) == [stride] * (count - 1)
    if clips > 1 and n >= span:
        assert looks[0][0] == 0
        assert looks[-1][-1] == n - 1
    if clips == 1:
        assert looks[0][0] == max(0, n - span) // 2


def test_the_frames_decoded_are_those_that_were_chosen() -> None:
    data = numbered_video()
    assert count_frames(data, "a") == 20
    assert numbers(data, Frames(4)) == [2, 7, 12, 17]
    assert numbers(data, Frames(3, 2), View(FILM, 1, 2, 0, 1)) == [15, 17, 19]
    assert numbers(numbered_video(3), Frames(5)) == [0, 0, 1, 2, 2]  # shorter than what is asked
    assert numbers(numbered_video(3), Frames(3, 2)) == [0, 2, 2]


def test_a_variable_rate_counts_frames_and_tells_their_times() -> None:
    times = [0, 1, 2, 3, 4, 100, 200, 300, 400, 500]
    data = numbered_video(10, times=times)
    found = decode_video(data, "a", Frames(5))
    assert numbers(data, Frames(5)) == [1, 3, 5, 7, 9]
    assert found.seconds == pytest.approx([times[i] / 100 for i in (1, 3, 5, 7, 9)])


@pytest.mark.parametrize(
    ("video", "frames", "expected"),
    [  # smart_nframes and torch.linspace(0, n - 1, count).round() of qwen-vl-utils 0.0.14
        ((300, 30.0), Frames(768, fps=2.0, minimum=4),
         [0, 16, 31, 47, 63, 79, 94, 110, 126, 142, 157, 173, 189, 205, 220, 236, 252, 268, 283,
          299]),
        ((299, 30000 / 1001), Frames(768, fps=2.0, minimum=4),
         [0, 18, 35, 53, 70, 88, 105, 123, 140, 158, 175, 193, 210, 228, 245, 263, 280, 298]),
        ((250, 25.0), Frames(768, fps=1.0, minimum=4),
         [0, 28, 55, 83, 111, 138, 166, 194, 221, 249]),
        ((20, 8.0), Frames(768, fps=2.0, minimum=4), [0, 6, 13, 19]),
        ((50, 25.0), Frames(768, fps=0.5, minimum=4), [0, 16, 33, 49]),
        ((3, 10.0), Frames(768, fps=2.0, minimum=4), [0, 2]),  # even, and not more than there are
        ((7, 1.0), Frames(768, fps=4.0, minimum=4), [0, 1, 2, 4, 5, 6]),
        ((10, 5.0), Frames(768, fps=2.0, minimum=16), list(range(10))),
        ((100, 10.0), Frames(64, fps=1.0, minimum=15),
         [0, 7, 13, 20, 26, 33, 40, 46, 53, 59, 66, 73, 79, 86, 92, 99]),
        ((1, 25.0), Frames(768, fps=2.0, minimum=4), [0]),  # qwen-vl-utils refuses it
    ],
    ids=str,
)  # fmt: skip
def test_a_rate_selects_the_frames_of_qwen_vl_utils(
    video: tuple[int, float], frames: Frames, expected: list[int]
) -> None:
    n, rate = video
    assert frame_indices(n, frames, None, rate) == expected


def test_a_long_video_at_a_rate_is_capped() -> None:
    hour = 54_000  # frames: half an hour at 30 per second
    whole = frame_indices(hour, Frames(768, fps=2.0, minimum=4), None, 30.0)
    assert (len(whole), whole[:3], whole[-3:]) == (768, [0, 70, 141], [53858, 53929, 53999])
    odd = frame_indices(hour, Frames(33, fps=1.0, minimum=4), None, 30.0)
    assert (len(odd), odd[:3], odd[-3:]) == (32, [0, 1742, 3484], [50515, 52257, 53999])


def test_a_rate_counts_within_the_part_of_a_view() -> None:
    frames = Frames(768, fps=1.0, minimum=2)
    parts = [frame_indices(40, frames, View(FILM, clip, 2), 5.0) for clip in range(2)]
    assert parts == [[0, 6, 13, 19], [20, 26, 33, 39]]
    short = [frame_indices(2, frames, View(FILM, clip, 3), 5.0) for clip in range(3)]
    assert short == [[0], [0], [1]]


def test_frames_at_a_rate_are_decoded_with_their_times_and_the_duration() -> None:
    data = numbered_video(20)  # 10 frames per second
    frames = Frames(768, fps=3.0, minimum=4)
    assert numbers(data, frames) == [0, 4, 8, 11, 15, 19]
    found = decode_video(data, "a", frames)
    assert found.seconds == pytest.approx([0.0, 0.4, 0.8, 1.1, 1.5, 1.9])
    assert found.duration == pytest.approx(2.0)
    assert decode_video(data, "a", Frames(4)).duration is None


@pytest.mark.parametrize(("form", "codec"), [("nut", "mpeg4"), ("avi", "mpeg4")])
def test_a_rate_that_is_missing_or_false_is_that_of_the_times(form: str, codec: str) -> None:
    data = numbered_video(20, form, codec)  # NUT declares none, and this AVI that of its clock
    with open_container(data) as container:
        assert container.streams.video[0].average_rate in (None, 100)
    found = decode_video(data, "a", Frames(768, fps=3.0, minimum=2))
    assert len(found.seconds) == 6
    assert found.duration == pytest.approx(2.0)


def test_a_video_without_a_rate_says_what_to_type() -> None:
    data = numbered_video(1, "nut", "mpeg4")
    with pytest.raises(ContentError, match=r"^a has no frame rate; use the option frames=N"):
        decode_video(data, "a", Frames(768, fps=3.0))
    assert numbers(data, Frames(2)) == [0, 0]


def test_a_stride_and_a_rate_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="give stride or fps, not both"):
        Frames(8, stride=2, fps=1.0)


def test_crops_are_squares_along_the_longer_side() -> None:
    data = numbered_video(2, size=(32, 48))
    corners = []
    for crop in range(3):
        found = decode_video(data, "a", Frames(1), View(FILM, 0, 1, crop, 3))
        assert found.frames.shape == (1, 32, 32, 3)
        corners.append(float(found.frames[0, :6, :6].mean()))
    assert corners[0] > 200 > 50 > corners[1]
    tall = decode_video(numbered_video(2, size=(48, 32)), "a", Frames(1), View(FILM, 0, 1, 2, 3))
    assert tall.frames.shape == (1, 32, 32, 3)


def rotated(data: bytes, degrees: int) -> bytes:
    """The file with a display matrix in its track header, as phones write it."""
    at = data.index(b"tkhd") + 4
    matrix = at + 40
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    values = [cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30]
    raw = b"".join((value & 0xFFFFFFFF).to_bytes(4, "big") for value in values)
    return data[:matrix] + raw + data[matrix + 36 :]


@pytest.mark.parametrize(
    ("degrees", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))], ids=str
)
def test_a_rotated_video_is_upright(degrees: int, corner: tuple[int, int]) -> None:
    # A matrix of 90 degrees turns the picture clockwise: the corner goes to the top right.
    found = decode_video(rotated(numbered_video(2), degrees), "a", Frames(1)).frames[0]
    assert found.shape[:2] == ((32, 48) if degrees == 180 else (48, 32))
    rows = slice(0, 6) if corner[0] == 0 else slice(-6, None)
    columns = slice(0, 6) if corner[1] == 0 else slice(-6, None)
    assert found[rows, columns].mean() > 200


def test_a_video_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    # With its table of frames in front, as videos of the web have it, so that a part can be opened.
    (tmp_path / "a.mp4").write_bytes(numbered_video(20))
    front = tmp_path / "b.mp4"
    with (
        av.open(str(tmp_path / "a.mp4")) as given,
        av.open(str(front), "w", options={"movflags": "faststart"}) as out,
    ):
        track = out.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(given.streams.video[0]):
            if packet.size:
                packet.stream = track
                out.mux(packet)
    data = front.read_bytes()
    assert count_frames(data, "b") == 20
    for share in (0.6, 0.8):
        with pytest.raises(ContentError, match=r"b\.mp4 (is truncated|cannot be decoded)"):
            decode_video(data[: int(len(data) * share)], "b.mp4", Frames(4))


@pytest.mark.parametrize("format", ["matroska", "webm"])
def test_a_cut_file_of_matroska_is_told_by_its_length(format: str) -> None:
    codec = "libx264" if format == "matroska" else "libvpx"
    data = numbered_video(60, form=format, codec=codec)
    assert count_frames(data, "a") == 60
    assert len(decode_video(data, "a", Frames(4)).frames) == 4
    with pytest.raises(ContentError, match=r"a\.webm is truncated: .* of 6\.0 seconds"):
        decode_video(data[: len(data) // 2], "a.webm", Frames(4))


def test_a_cut_file_of_flash_video_is_told_by_its_length() -> None:
    data = numbered_video(60, form="flv", codec="flv")
    assert count_frames(data, "a") == 60
    with pytest.raises(ContentError, match=r"a\.flv is truncated: 1\.. of 6\.0 seconds"):
        decode_video(data[: len(data) // 2], "a.flv", Frames(4))


@pytest.mark.parametrize("step", [10, 20])
def test_an_avi_counts_the_frames_that_were_dropped(step: int) -> None:
    times = [step * i for i in range(60) if i % 7 != 3]  # hundredths of a second
    data = numbered_video(len(times), size=(96, 96), times=times, form="avi", codec="mpeg4")
    with av.open(BytesIO(data)) as container:
        assert container.streams.video[0].frames > len(times)
    assert count_frames(data, "a") == len(times)
    assert len(decode_video(data, "a", Frames(4)).frames) == 4
    with pytest.raises(ContentError, match=r"a\.avi (is truncated|cannot be decoded)"):
        decode_video(data[: data.rfind(b"idx1") * 3 // 4], "a.avi", Frames(4))


def in_packets_of(size: int, data: bytes) -> bytes:
    """MPEG-TS with a time in front of each packet (192), or parity behind it (204)."""
    before, after = {188: (0, 0), 192: (4, 0), 204: (0, 16)}[size]
    packets = (data[at : at + 188] for at in range(0, len(data), 188))
    return b"".join(bytes(before) + packet + bytes(after) for packet in packets)


@pytest.mark.parametrize("size", [188, 192, 204])
@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_a_torn_file_of_mpeg_ts_is_refused(codec: str, size: int) -> None:
    whole = numbered_video(60, form="mpegts", codec=codec)
    data = in_packets_of(size, whole)
    assert count_frames(data, "a") == count_frames(whole, "a") == 60
    for cut in (len(data) // 2 // size * size + 1, len(data) - 10):
        with pytest.raises(
            ContentError, match=r"^a\.ts is truncated: its last packet is incomplete"
        ):
            count_frames(data[:cut], "a.ts")
        with pytest.raises(ContentError, match=r"^a\.ts is truncated"):
            decode_video(data[:cut], "a.ts", Frames(4))


def test_whole_files_of_mpeg_ts_that_were_joined_are_one() -> None:
    data = numbered_video(60, form="mpegts", codec="mpeg2video")
    with av.open(BytesIO(data + data)) as container:
        assert any(packet.is_corrupt for packet in container.demux(video=0))
    assert count_frames(data + data, "a") == 120
    assert len(decode_video(data + data, "a", Frames(4)).frames) == 4


def test_a_sound_that_lasts_longer_than_its_video_is_no_cut() -> None:
    stream = BytesIO()
    with av.open(BytesIO(numbered_video(10, form="flv", codec="flv"))) as given:
        frames = list(given.decode(video=0))
    with av.open(stream, "w", format="flv") as out:
        picture, sound = out.add_stream("flv", rate=10), out.add_stream("pcm_s16le", rate=44100)
        picture.width, picture.height, picture.pix_fmt = 48, 32, "yuv420p"
        for frame in frames:
            out.mux(picture.encode(frame))
        out.mux(picture.encode())
        for second in range(5):
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.int16), layout="mono")
            heard.rate, heard.pts = 44100, second * 44100
            out.mux(sound.encode(heard))
    assert count_frames(stream.getvalue(), "a") == 10


def opened_late(n: int) -> bytes:
    """A stream of MPEG-2 from its second whole picture on; some frames lean on what is lost."""
    whole = numbered_video(n, form="mpegts", codec="mpeg2video", options={"g": "12", "bf": "2"})
    stream = BytesIO()
    with av.open(BytesIO(whole)) as given, av.open(stream, "w", format="mpegts") as out:
        track = out.add_stream_from_template(given.streams.video[0])
        packets = [packet for packet in given.demux(given.streams.video[0]) if packet.size]
        second = [number for number, packet in enumerate(packets) if packet.is_keyframe][1]
        for packet in packets[second:]:
            packet.stream = track
            out.mux(packet)
    return stream.getvalue()


def test_frames_that_lean_on_lost_ones_are_not_chosen() -> None:
    data = opened_late(60)
    with av.open(BytesIO(data)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert 40 <= len(shown) < count_frames(data, "a")
    found = decode_video(data, "a", Frames(4, 1), View(FILM, 1, 2, 0, 1)).frames
    assert (found == np.stack(shown[-4:])).all()


def shown_by_ffmpeg(data: bytes) -> list[int]:
    """The frames that a player shows, by their brightness."""
    with av.open(BytesIO(data)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [round(float(frame[12:, 12:].mean()) / 10) for frame in frames]


# Of 20 frames in 2 seconds: pairs of how long is shown, and from when (-1: nothing is).
EDITS = [
    ([(1.0, 0.0)], range(10)),
    ([(1.0, 1.0)], range(10, 20)),
    ([(0.8, 0.7)], range(7, 15)),  # begins between two whole pictures
    ([(0.5, -1), (2.0, 0.0)], range(20)),  # a delay in front
    ([(0.5, -1), (0.6, 0.4)], range(4, 10)),
    ([(0.5, 0.2), (0.5, 1.4)], [2, 3, 4, 5, 6, 14, 15, 16, 17, 18]),
    ([(9.0, 0.0)], range(20)),  # longer than the film
]


@pytest.mark.parametrize("between", ["0", "2"], ids=["no-b-frames", "b-frames"])
@pytest.mark.parametrize(("edits", "shown"), EDITS, ids=str)
def test_frames_are_chosen_among_those_that_an_edit_list_shows(
    edits: list[tuple[float, float]], shown: list[int], between: str
) -> None:
    film = numbered_video(20, options={"g": "5", "bf": between, "b_strategy": "0"})
    data = with_edits(film, edits)
    assert shown_by_ffmpeg(data) == list(shown)
    assert count_frames(data, "a") == len(shown)
    assert numbers(data, Frames(4)) == [shown[i] for i in naive(len(shown), 4)]
    with pytest.raises(ContentError, match=r"^a .*truncated"):
        count_frames(data[: len(data) // 2], "a")


def test_a_film_with_an_edit_list_that_was_cut_is_refused(tmp_path: Path) -> None:
    # The index in front says where every frame is that is needed for those that are shown.
    data = with_edits(moov_in_front(numbered_video(20), str(tmp_path / "a.mp4")), [(1.0, 1.0)])
    assert data.find(b"moov") < data.find(b"mdat")
    with pytest.raises(ContentError, match=r"^a is truncated: \d+ of 20 frames are present$"):
        count_frames(data[: len(data) * 9 // 10], "a")


@pytest.mark.parametrize(
    ("format", "codec"),
    [
        ("mp4", "libx264"), ("mov", "mpeg4"), ("matroska", "libx264"), ("webm", "libvpx"),
        ("avi", "mpeg4"), ("flv", "flv"), ("asf", "wmv2"),
    ],
)  # fmt: skip
def test_a_whole_film_passes_and_a_cut_one_does_not(format: str, codec: str) -> None:
    data = numbered_video(30, form=format, codec=codec)
    assert count_frames(data, "a") == 30
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(ContentError, match=r"^a .*truncated"):
            decode_video(data[: int(len(data) * share)], "a", Frames(4))


def test_the_cover_of_a_sound_is_no_video() -> None:
    stream = BytesIO()
    with av.open(stream, "w", format="mp4") as out:
        sound = out.add_stream("aac", rate=16000, layout="mono")
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        for packet in cover.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))):
            out.mux(packet)
        out.mux(cover.encode(None))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        frame.rate = 16000
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    data = stream.getvalue()
    assert len(decode_sound(data, "a", 16000).samples) >= 16000
    with pytest.raises(ContentError, match=r"^a has no video stream$"):
        count_frames(data, "a")


def sound_alone() -> bytes:
    stream = BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 16000), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 16000
        container.mux(track.encode(frame))
        container.mux(track.encode())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be decoded as a video"),
        (b"a text\n" * 100, "cannot be decoded as a video"),
        (numbered_video()[:200], "cannot be decoded as a video"),
        (sound_alone(), "has no video stream"),
    ],
    ids=["empty", "text", "cut", "sound"],
)
def test_what_is_no_video_says_so_in_one_line(data: bytes, reason: str) -> None:
    with one_line_error(ContentError, match=f"^a.mp4 .*{reason}"):
        decode_video(data, "a.mp4", Frames(2))


def test_noise_in_the_middle_never_crashes() -> None:
    data = bytearray(numbered_video(40))
    draws = np.random.default_rng(0)
    for _ in range(20):
        torn = bytearray(data)
        for at in draws.integers(100, len(torn), 30):
            torn[at] = draws.integers(256)
        try:
            found = decode_video(bytes(torn), "a", Frames(4))
            assert found.frames.shape[0] == 4
        except ContentError:
            continue


def test_real_videos_have_the_frames_that_a_bare_loop_finds() -> None:
    for file in sorted(real_data("video/fight").glob("*.mp4"))[:8]:
        with av.open(str(file)) as container:
            frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
        data = file.read_bytes()
        assert count_frames(data, file.name) == len(frames)
        found = decode_video(data, file.name, Frames(6))
        assert (found.frames == np.stack([frames[i] for i in naive(len(frames), 6)])).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF"])
def test_an_image_is_no_video_of_one_frame(kind: str) -> None:
    """FFmpeg shows it as one, which a table with its columns exchanged would be scored by."""
    data = image_bytes(noise_image(), kind)
    with pytest.raises(ContentError, match=r"a\.mp4 is an image, not a video"):
        decode_video(data, "a.mp4", Frames(2))


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_an_animation_is_a_video(kind: str) -> None:
    first, *rest = (plain_image(grey, (32, 32)) for grey in (0, 80, 160))
    data = image_bytes(first, kind, save_all=True, append_images=rest, duration=100)
    assert decode_video(data, "a.gif", Frames(3)).frames.shape == (3, 32, 32, 3)


def test_what_ffmpeg_says_does_not_reach_python() -> None:
    """A decoding thread that says something would wait for the thread that waits for it."""
    av.logging.set_level(av.logging.ERROR)  # as torchvision 0.21 does
    open_container(numbered_video(2)).close()
    assert av.logging.get_level() is None


def test_a_part_has_the_frames_between_its_start_and_its_end() -> None:
    data = numbered_video(20)  # 10 frames/s
    whole = decode_video(data, "a.mp4", Frames(20))
    for start, end, expected in [
        (0.5, 0.9, [5, 6, 7, 8]),
        (0.52, 0.93, [5, 6, 7, 8]),
        (0.0, 0.3, [0, 1, 2]),
        (1.7, 99.0, [17, 18, 19]),
        (1.0, 1.0, [10]),
    ]:
        part = decode_video(data, "a.mp4", Frames(len(expected)), span=(start, end))
        assert np.array_equal(part.frames, whole.frames[expected])
        assert part.seconds == pytest.approx([0.1 * i for i in range(len(expected))])
        assert part.duration is None
    halves = decode_video(data, "a.mp4", Frames(2), View(FILM, 1, 2), span=(0.4, 1.2))
    assert np.array_equal(halves.frames, whole.frames[[9, 11]])
    at_rate = decode_video(data, "a.mp4", Frames(8, fps=5), span=(0.4, 1.2))
    assert np.array_equal(at_rate.frames, whole.frames[[4, 6, 9, 11]])
    assert at_rate.duration == pytest.approx(0.8)


@pytest.mark.parametrize("span", [(2.0, 3.0), (1.0, 0.5)])
def test_a_part_outside_the_video_is_refused(span: tuple[float, float]) -> None:
    with pytest.raises(ContentError, match=r"a\.mp4 has 2\.00 s, but the sample is its part from"):
        decode_video(numbered_video(20), "a.mp4", Frames(2), span=span)


def test_a_part_is_not_sent_as_a_file() -> None:
    data = numbered_video(4)
    assert encoded_video(data, "a.mp4").data == data
    with pytest.raises(ContentError, match="use the model option video=frames"):
        encoded_video(data, "a.mp4", (0.0, 0.2))


@given(st.integers(1, 400), st.floats(1, 60), st.floats(0, 20), st.floats(0, 20))
def test_parts_are_those_of_mvbench(n: int, rate: float, start: float, length: float) -> None:
    end = start + length
    if round(start * rate) >= n:
        return
    part = frames_in_span(n, rate, (start, end), "a")
    assert 0 <= part.start < part.stop <= n
    assert part.start == round(start * rate)
    assert part.stop == min(n, max(round(end * rate), part.start + 1))
