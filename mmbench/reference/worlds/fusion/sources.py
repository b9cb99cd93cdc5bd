"""The data source of trios: which of image, audio and sentence shows a different number?

Each input shows a number from 1 to 3: the number of objects in the image, of successive events in
the audio, and of items in the sentence.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from string import ascii_uppercase

from mmbench.datasets import Samples
from mmbench.reference.worlds.fusion.scene import ANSWERS, Trio, trio_at
from mmbench.reference.worlds.shapes.retrieval import scene_image
from mmbench.reference.worlds.sounds.sources import scene_sound
from mmbench.reference.worlds.sources import check_number, check_size, check_split
from mmbench.reference.worlds.splits import distinct
from mmbench.types import Content, Sample

_MOST = 10_000


def shapes_fusion(
    root: Path | None,  # noqa: ARG001 - a source takes it; this one reads no file
    *,
    split: str = "test",
    samples: int = 960,
    size: int = 64,
    seed: int = 0,
) -> Samples:
    """Return samples of `image`, `audio` and `text`; the target is the input that differs.

    The target is {"answer": letter, "options": [text, …]}; the options are the texts of `ANSWERS`,
    in this order. `split` is train, validation or test; `samples` is 1 to 10,000, and no two
    samples have the same meaning; `size` is the side in pixels, 64 to 1024. A different `seed`
    draws different samples of the same split. In every 24 samples, each answer occurs equally often
    with each number of each input. Tag: `differs`. Raises UnknownName for a split, DataError for a
    number out of range.
    """
    check_split("shapes fusion", split)
    check_number("shapes fusion", "samples", samples, _MOST)
    check_size("shapes", size, 64)
    trios = _trios(split, samples, seed)
    return Samples([_sample(f"{split}-{i}", trio, size, seed) for i, trio in enumerate(trios)])


@lru_cache(maxsize=1)  # each model is asked about the same trios
def _trios(split: str, samples: int, seed: int) -> tuple[Trio, ...]:
    return tuple(distinct(samples, partial(trio_at, split, seed)))


def _sample(name: str, trio: Trio, size: int, seed: int) -> Sample:
    where = f"{name} of fusion (seed {seed})"
    image, audio = scene_image(trio.image, size, where), scene_sound(trio.sound, where)
    target = {"answer": ascii_uppercase[trio.differs], "options": list(ANSWERS)}
    inputs: dict[str, Content] = {"image": image, "audio": audio, "text": trio.sentence}
    return Sample(name, inputs, target, tags={"differs": ANSWERS[trio.differs]})
