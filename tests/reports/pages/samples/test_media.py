"""How pages show media: each mode, media without files, and media that cannot be shown."""

from __future__ import annotations

import base64
import os
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmbench.reports.pages.samples import embedded_media as limits
from mmbench.reports.pages.samples.embedded_media import EmbeddedMedia
from mmbench.reports.pages.samples.media import ShownMedium
from mmbench.reports.pages.samples.site_media import SiteMedia
from mmbench.reports.pages.site import Site
from mmbench.storage.data_folders import PermittedFiles
from mmbench.types import MediaPlace, PlaceInFile
from tests.reports.pages.samples.test_previews import SVG
from tests.support.media.images import image_bytes, noise_image, png, save_image
from tests.support.media.sounds import sound_bytes, tone, wav
from tests.support.media.videos import numbered_video


def place(path: Path, modality: str = "image", **more: object) -> MediaPlace:
    return MediaPlace(modality, str(path), path=str(path), **more)  # type: ignore[arg-type]


def site_media(mode: str, folder: Path) -> SiteMedia:
    return SiteMedia(mode, Site(folder), folder)  # type: ignore[arg-type]


def one(media: EmbeddedMedia | SiteMedia, at: MediaPlace) -> ShownMedium:
    return media.show([at])[0]


def decoded(url: str) -> bytes:
    return base64.b64decode(url.partition(";base64,")[2])


def image_of(data: bytes | Path) -> Image.Image:
    return Image.open(BytesIO(data) if isinstance(data, bytes) else data)


def test_a_site_links_to_the_original_and_has_a_thumbnail(tmp_path: Path) -> None:
    original = tmp_path / "data ü#?%/a b.png"
    original.parent.mkdir()
    noise_image(0, (400, 300)).save(original)
    shown = one(site_media("link", tmp_path / "site"), place(original))
    assert shown.name == "a b.png" and not shown.note
    assert Path(os.path.normpath(tmp_path / "site" / unquote(shown.source))) == original
    assert "#" not in shown.source and "?" not in shown.source
    assert image_of(tmp_path / "site" / shown.preview).size == (256, 192)
    assert {file.suffix for file in (tmp_path / "site/media").rglob("*.*")} == {".webp"}


def test_a_site_plays_a_part_of_a_video_and_shows_its_middle_frame(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(numbered_video(20))  # frame i has the brightness 10 · i, at 10 frames/s
    spans = [(0.0, 0.4), (1.5, 1.9)]
    for mode in ("link", "copy"):
        media = site_media(mode, tmp_path / mode)
        dark, light = media.show([place(video, "video", span=span) for span in spans])
        assert (dark.name, light.name) == ("a.mp4 from 0 to 0.4 s", "a.mp4 from 1.5 to 1.9 s")
        file, _, part = light.source.partition("#")
        assert (dark.source, part) == (f"{file}#t=0,0.4", "t=1.5,1.9")
        previews = [image_of(tmp_path / mode / one.preview) for one in (dark, light)]
        middles = [preview.convert("L").getpixel((40, 20)) for preview in previews]
        assert middles == pytest.approx([20, 170], abs=6)


def test_a_site_has_copies_named_by_content(tmp_path: Path) -> None:
    first, second = (save_image(tmp_path / name / "x.png", 7, (300, 30)) for name in "ab")
    key = "0123456789abcdef" * 2
    media = site_media("copy", tmp_path / "site")
    shown = media.show([place(first), place(second), place(first, key=key)])
    assert len({one.source for one in shown}) == 1
    assert (tmp_path / "site" / shown[0].source).read_bytes() == first.read_bytes()


@pytest.mark.parametrize("key", ["../../../x", "a" * 31, "a" * 32, "é" * 32])
def test_a_stored_content_key_names_no_file(key: str, tmp_path: Path) -> None:
    """Otherwise a board could replace the images of another one in the same site."""
    paths = [save_image(tmp_path / f"{seed}.png", seed) for seed in (1, 2)]
    media = site_media("copy", tmp_path / "site")
    first, second = media.show([place(path, key=key) for path in paths])
    assert key not in first.source and (tmp_path / "site" / first.source).is_file()
    assert second.source != first.source and second.preview != first.preview


@pytest.mark.parametrize("mode", ["link", "copy"])
def test_a_site_copies_media_without_a_file_of_their_own(mode: str, tmp_path: Path) -> None:
    archive, data = tmp_path / "all.bin", png(9, (30, 20))
    archive.write_bytes(b"before" + data + b"after")
    inside = MediaPlace(
        "image", "a", path=str(archive), inside=PlaceInFile(offset=6, length=len(data))
    )
    shown = site_media(mode, tmp_path / "site").show(
        [inside, MediaPlace("image", "made", data=data), MediaPlace("audio", "s", data=wav())]
    )
    for medium, expected in zip(shown, (data, data, wav()), strict=True):
        assert (tmp_path / "site" / medium.source).read_bytes() == expected
        assert not medium.note


@pytest.mark.parametrize("mode", ["link", "copy"])
def test_a_site_has_the_part_of_a_recording(mode: str, tmp_path: Path) -> None:
    recording = tmp_path / "long.flac"
    recording.write_bytes(sound_bytes(np.arange(-8000, 8000, dtype=np.int16), 8000, "FLAC"))
    inside = PlaceInFile(start=0.5, seconds=1.0)
    part = MediaPlace("audio", "long.flac from 0.5 to 1.5 s", path=str(recording), inside=inside)
    shown = one(site_media(mode, tmp_path / "site"), part)
    assert shown.source.endswith(".wav") and shown.name == part.name and not shown.note
    samples, rate = soundfile.read(tmp_path / "site" / shown.source, dtype="int16")
    assert rate == 8000 and np.array_equal(samples, np.arange(-4000, 4000))


def test_a_second_report_keeps_copies_and_thumbnails(tmp_path: Path) -> None:
    path = save_image(tmp_path / "a.tif", 3, (1400, 700))
    first = one(site_media("copy", tmp_path / "site"), place(path))
    files = {f: f.stat().st_mtime_ns for f in (tmp_path / "site/media").rglob("*.*")}
    assert one(site_media("copy", tmp_path / "site"), place(path)) == first
    assert files == {f: f.stat().st_mtime_ns for f in (tmp_path / "site/media").rglob("*.*")}
    assert image_of(tmp_path / "site" / first.source).size == (1280, 640)
    assert image_of(tmp_path / "site" / first.preview).size == (256, 128)


def test_a_video_that_browsers_do_not_play_is_recoded(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    path.write_bytes(numbered_video(6, "avi", "mpeg4"))
    for media in (site_media("link", tmp_path / "site"), EmbeddedMedia("embed", tmp_path)):
        shown = one(media, place(path, "video"))
        assert shown.modality == "video" and "WebM" in shown.note
        assert shown.source.endswith(".webm") or shown.source.startswith("data:video/webm;")
        assert shown.preview


def test_a_single_page_embeds_media(tmp_path: Path) -> None:
    small, sound = save_image(tmp_path / "a.png"), tmp_path / "a.wav"
    sound.write_bytes(wav())
    video = tmp_path / "a.mp4"
    video.write_bytes(numbered_video(6))
    media = EmbeddedMedia("embed", tmp_path)
    shown = media.show([place(small), place(sound, "audio"), place(video, "video")])
    assert [decoded(medium.source) for medium in shown] == [
        small.read_bytes(),
        wav(),
        video.read_bytes(),
    ]
    assert [medium.source.partition(";")[0] for medium in shown] == [
        "data:image/png",
        "data:audio/wav",
        "data:video/mp4",
    ]


def test_a_large_image_is_embedded_in_a_smaller_size(tmp_path: Path) -> None:
    noise_image(0, (900, 600)).save(tmp_path / "a.png")
    shown = one(EmbeddedMedia("embed", tmp_path), place(tmp_path / "a.png"))
    assert shown.source.startswith("data:image/webp;")
    assert image_of(decoded(shown.source)).size == (640, 427)


def test_media_beyond_the_limits_of_a_page_are_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / "a.wav"
    long.write_bytes(sound_bytes(tone(16000, 40), 16000))
    shown = one(EmbeddedMedia("embed", tmp_path), place(long, "audio"))
    assert shown.source == "" and "exceed the limit of 1 MB; use --site DIR" in shown.note
    monkeypatch.setattr(limits, "EMBEDDED_TOTAL", 300)
    images = [save_image(tmp_path / f"{n}.png", n) for n in range(4)]
    media = EmbeddedMedia("embed", tmp_path)
    notes = [medium.note for medium in media.show([place(image) for image in images])]
    assert notes[0] == "" and "not embedded" in notes[-1]
    assert media.show([place(images[0])])[0].source


def test_a_single_page_links_to_files_without_reading_them(tmp_path: Path) -> None:
    path = save_image(tmp_path / "data/a.png")
    path.write_bytes(path.read_bytes()[:30])
    shown = one(EmbeddedMedia("link", tmp_path), place(path))
    assert (shown.source, shown.preview, shown.note) == ("data/a.png", "", "")
    tiff = save_image(tmp_path / "b.tif")
    assert one(EmbeddedMedia("link", tmp_path), place(tiff)).source.startswith("data:image/webp")


def test_a_page_that_lies_nowhere_links_by_file_urls(tmp_path: Path) -> None:
    path = save_image(tmp_path / "a.png")
    assert one(EmbeddedMedia("link", None), place(path)).source == path.as_uri()


@pytest.mark.parametrize("mode", ["link", "copy", "embed", "none"])
def test_web_addresses_are_never_loaded(mode: str, tmp_path: Path) -> None:
    at = MediaPlace("image", "https://example.org/a.png", url="https://example.org/a.png")
    media = EmbeddedMedia(mode, tmp_path) if mode == "embed" else site_media(mode, tmp_path)  # type: ignore[arg-type]
    shown = one(media, at)
    assert (shown.source, shown.preview) == ("", "")
    assert shown.name == at.url and "web address" in shown.note


def test_without_media_only_names_are_shown(tmp_path: Path) -> None:
    path = save_image(tmp_path / "a.png")
    shown = site_media("none", tmp_path / "site").show(
        [place(path), MediaPlace("audio", "x", data=wav())]
    )
    assert [(m.name, m.source, m.preview) for m in shown] == [("a.png", "", ""), ("x", "", "")]
    assert all("--media none" in medium.note for medium in shown)
    assert not (tmp_path / "site/media").exists()


BOMB = b"P6\n40000 40000\n255\n"
UNREADABLE = {
    "script.svg": SVG,
    "script.png": SVG,
    "page.jpg": b"<html><script>alert(1)</script>",
    "short.png": png(0, (90, 90))[:60],
    "empty.png": b"",
    "bomb.ppm": BOMB,
    "key.wav": b"-----BEGIN OPENSSH PRIVATE KEY-----",
    "text.mp4": b"not a video",
    "short.mp4": numbered_video(30)[:900],
}


@pytest.mark.parametrize("mode", ["link", "copy", "embed"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_media_that_are_not_media_are_notes(name: str, mode: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(UNREADABLE[name])
    modality = {".wav": "audio", ".mp4": "video"}.get(path.suffix, "image")
    pages = [EmbeddedMedia("embed", tmp_path)] if mode == "embed" else [
        site_media(mode, tmp_path / "site")
    ]  # fmt: skip
    for media in pages:
        shown = one(media, place(path, modality))
        assert (shown.source, shown.preview) == ("", "")
        assert shown.note
        assert not (tmp_path / "site/media").exists()


@pytest.mark.parametrize("mode", ["copy", "embed"])
@pytest.mark.parametrize("data", ["\ufeffa secret".encode("utf-16-le"), b"ID3 a secret", b"OggS"])
def test_a_file_that_begins_like_a_sound_is_a_note(mode: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(data)
    media = EmbeddedMedia("embed", tmp_path) if mode == "embed" else site_media(mode, tmp_path)
    shown = one(media, place(path, "audio"))
    assert (shown.source, shown.preview) == ("", "") and shown.note
    assert not (tmp_path / "media").exists()


@pytest.mark.parametrize("inside", [None, PlaceInFile(0, 1 << 40), PlaceInFile(5, 1 << 29)])
def test_a_huge_file_is_not_read(inside: PlaceInFile | None, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    for media in (EmbeddedMedia("embed", tmp_path), site_media("copy", tmp_path / "site")):
        shown = one(media, place(path, "video", inside=inside))
        assert shown.source == "" and ("limit" in shown.note or "decoded" in shown.note)


@pytest.mark.parametrize("mode", ["link", "copy", "embed"])
@pytest.mark.parametrize("way", ["file", "symbolic link", "pixels", "parts"])
def test_only_files_in_known_folders_are_shown(mode: str, way: str, tmp_path: Path) -> None:
    """Any bytes are an image if a table says that they are pixels."""
    data, private = tmp_path / "data", save_image(tmp_path / "private/a.png")
    known = save_image(data / "a.png")
    path, inside = private, None
    if way == "symbolic link":
        path = data / "link.png"
        path.symlink_to(private)
    elif way == "parts":
        path = data / "../private/a.png"
    elif way == "pixels":
        inside = PlaceInFile(0, 75, (5, 5))
    permitted = PermittedFiles([data.resolve()])
    site = Site(tmp_path / "site")
    media = (
        EmbeddedMedia("embed", tmp_path, permitted)
        if mode == "embed"
        else SiteMedia(mode, site, tmp_path / "site", permitted)  # type: ignore[arg-type]
    )
    shown = media.show([place(path, inside=inside), place(known)])
    assert (shown[0].source, shown[0].preview) == ("", "") and "outside" in shown[0].note
    assert shown[1].source and not shown[1].note
    assert permitted.refused == {str(path)}


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_a_path_that_is_no_file_is_a_note(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    for media in (EmbeddedMedia("link", tmp_path), site_media("copy", tmp_path / "site")):
        shown = one(media, place(path))
        assert shown.source == "" and "cannot be read" in shown.note


def test_a_svg_file_is_not_linked_from_a_single_page(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(SVG)
    shown = one(EmbeddedMedia("link", tmp_path), place(path))
    assert (shown.source, shown.preview) == ("", "") and "not an image" in shown.note


def test_an_animation_is_shown_as_an_image(tmp_path: Path) -> None:
    frames = [noise_image(n) for n in range(3)]
    data = image_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:])
    shown = one(EmbeddedMedia("embed", tmp_path), MediaPlace("video", "a.gif", data=data))
    assert (shown.modality, shown.source[:15]) == ("image", "data:image/gif;")


def test_a_jpeg_keeps_its_colours_in_a_thumbnail(tmp_path: Path) -> None:
    path = save_image(tmp_path / "a.jpg", (200, 30, 30), (500, 500))
    shown = one(site_media("link", tmp_path / "site"), place(path))
    pixel = image_of(tmp_path / "site" / shown.preview).convert("RGB").getpixel((128, 128))
    assert isinstance(pixel, tuple)
    assert max(abs(a - b) for a, b in zip(pixel, (200, 30, 30), strict=True)) < 8


def test_a_site_with_embedded_media_has_small_images_for_lists(tmp_path: Path) -> None:
    noise_image(0, (900, 600)).save(tmp_path / "a.png")
    small = save_image(tmp_path / "b.png", 1, (8, 8))
    media = EmbeddedMedia("embed", tmp_path, site=True)
    shown = media.show([place(tmp_path / "a.png"), place(small)])
    assert [image_of(decoded(one.source)).size for one in shown] == [(640, 427), (8, 8)]
    assert [image_of(decoded(one.preview)).size for one in shown] == [(128, 85), (8, 8)]
    long = tmp_path / "a.wav"
    long.write_bytes(sound_bytes(tone(16000, 40), 16000))
    assert "use --media copy" in one(media, place(long, "audio")).note
