"""Data sources of moving shapes: motion classification and video retrieval.

Films are generated on demand. A hash of a film's meaning determines its split, so the training
stream contains no film of the test split. The pixels are identical on every machine.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

from mmbench.datasets import RetrievalData, Samples
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.motion.captions import KINDS, captions
from mmbench.reference.worlds.motion.draw import avi, draw_film
from mmbench.reference.worlds.motion.scene import MOTIONS, Film, film_at
from mmbench.reference.worlds.sources import captioned, check_number, check_size, check_split
from mmbench.reference.worlds.splits import distinct
from mmbench.types import Media, Sample

_MOST = 10_000


def shapes_motion(
    root: Path | None,  # noqa: ARG001 - a source takes it; this one reads no file
    *,
    split: str = "test",
    videos: int = 500,
    size: int = 48,
    seed: int = 0,
) -> Samples:
    """Return videos of 16 frames, each with the index of its motion class as the target.

    `split` is train, validation or test; `videos` is 1 to 10,000, and no two films have the same
    description; `size` is the side in pixels, 48 to 1024. A different `seed` draws different films
    of the same split. The frames are drawn when a video is read. Tags: `pace` (slowly, quickly),
    `things` (1 or 2). Raises UnknownName for an unknown split, DataError for a number out of range.
    """
    _check(split, videos, size)
    samples = [
        Sample(name, {"video": video}, MOTIONS.index(film.motion), tags=_tags(film))
        for name, film, video in _films(split, videos, size, seed)
    ]
    return Samples(samples, list(MOTIONS))


def shapes_video(
    root: Path | None,  # noqa: ARG001 - as above
    *,
    split: str = "test",
    videos: int = 500,
    size: int = 48,
    seed: int = 0,
) -> RetrievalData:
    """Return the films of `shapes_motion` as documents, with four captions each as queries.

    Queries also have the tag `caption`, the kind of caption. Raises the errors of `shapes_motion`.
    """
    _check(split, videos, size)
    films = _films(split, videos, size, seed)
    film_captions = (
        captions(f, chance("told", split, seed, i)) for i, (_, f, _) in enumerate(films)
    )
    return captioned(
        [Sample(name, {"video": video}, group=name, tags=_tags(f)) for name, f, video in films],
        (zip(KINDS, texts, strict=True) for texts in film_captions),
    )


def _check(split: str, videos: int, size: int) -> None:
    check_split("moving shapes", split)
    check_number("moving shapes", "videos", videos, _MOST)
    check_size("moving shapes", size, 48)


def _films(split: str, videos: int, size: int, seed: int) -> list[tuple[str, Film, Media]]:
    """Return name, film and video of each sample; all films differ in meaning."""
    films = _distinct_films(split, videos, seed)
    names = [f"{split}-{index}" for index in range(videos)]
    return [
        (name, film, Media("video", f"film {name} (seed {seed})", partial(_avi, film, size)))
        for name, film in zip(names, films, strict=True)
    ]


@lru_cache(maxsize=1)  # the tasks of this world ask for the same films, once for each model
def _distinct_films(split: str, videos: int, seed: int) -> tuple[Film, ...]:
    return tuple(distinct(videos, partial(film_at, split, seed)))


def _avi(film: Film, size: int) -> bytes:
    return avi(draw_film(film, size))


def _tags(film: Film) -> dict[str, str]:
    return {"pace": film.pace, "things": "2" if film.other else "1"}


def training_film(seed: int, index: int) -> tuple[Film, list[str]]:
    """Return the film at an index of the unlimited training stream, and its four captions."""
    film = film_at("train", seed, index)
    return film, captions(film, chance("told", "train", seed, index))
