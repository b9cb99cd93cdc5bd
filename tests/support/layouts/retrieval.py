"""Miniatures of data sets of retrieval. The medium of the last sample is never written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.layouts.parts import images, sounds, videos, write_files


def clotho(folder: Path) -> None:
    """Write Clotho."""
    rows = ["file_name,caption_1,caption_2,caption_3,caption_4,caption_5"]
    rows += [
        ",".join([name, *(f'"{name[:5]}, caption {i}"' for i in range(1, 6))])
        for name in ("Santa Motor.wav", "Radio Garble.wav", "01 A pug.wav")
    ]
    write_files(folder, {"clotho_captions_evaluation.csv": "\n".join(rows) + "\n"})
    sounds(folder / "evaluation", "Santa Motor.wav", "Radio Garble.wav")


def msrvtt(folder: Path) -> None:
    """Write MSR-VTT."""
    rows = [
        "key,vid_key,video_id,sentence",
        "ret0,msr9770,video9770,a person is connecting something to system",
        "ret1,msr9771,video9771,a little girl does gymnastics",
        "ret2,msr7020,video7020,a woman creating a fondant baby and flower",
    ]
    write_files(folder, {"MSRVTT_JSFUSION_test.csv": "\n".join(rows) + "\n"})
    videos(folder / "videos/all", "video9770.mp4", "video9771.mp4")


def cc3m(folder: Path) -> None:
    """Write Conceptual Captions."""
    rows = [
        'author : a "life in photography\thttp://a.example/1.jpg',
        "an angler fishes river on a snowy day .\thttp://a.example/2.jpg",
        "photograph of the sign being repaired\thttp://a.example/3.jpg",
    ]
    write_files(folder, {"Validation_GCC-1.1.0-Validation.tsv": "\n".join(rows) + "\n"})
    images(folder / "00000", "000000000.jpg", "000000001.jpg")


def audiocaps(folder: Path) -> None:
    """Write AudioCaps."""
    rows = ["audiocap_id,youtube_id,start_time,caption"]
    videos_of = [("vfY_TJq7n_U", 130), ("tdWhHV3X25Q", 60), ("6BJ455B1aAs", 0)]
    for number, (ident, start) in enumerate(videos_of):
        rows += [f'{97151 + 5 * number + i},{ident},{start},"Hello, {i}"' for i in range(5)]
    write_files(folder, {"test.csv": "\n".join(rows) + "\n"})
    sounds(folder, "test/vfY_TJq7n_U_130.wav", "test/YtdWhHV3X25Q.wav")


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "clotho-retrieval": clotho,
    "msrvtt-retrieval": msrvtt,
    "cc3m-retrieval": cc3m,
    "audiocaps-retrieval": audiocaps,
}
