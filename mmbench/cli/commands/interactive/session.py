"""Code that `mmbench classify` and `mmbench chat` share: it opens the files and the model."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.cli.output.progress import make_progress
from mmbench.cli.parser.options import model_of, run_options
from mmbench.cli.workers import refuse_ranks
from mmbench.errors import SampleError, UserError
from mmbench.types import Media, Modality

if TYPE_CHECKING:
    from mmbench.engine.interactive import InteractiveModel

_MODALITIES: tuple[Modality, ...] = ("image", "audio", "video")


def files(args: argparse.Namespace) -> list[Media]:
    """Return the media files given by --image, --audio and --video."""
    return [Media(modality, name) for modality in _MODALITIES for name in getattr(args, modality)]


@contextmanager
def open_model(args: argparse.Namespace) -> Iterator[InteractiveModel]:
    """Open the model of -m, and yield it.

    Raises UserError for a media file that is missing or cannot be read, and for several ranks of
    torchrun.
    """
    from mmbench.engine.context import run_context
    from mmbench.engine.interactive import InteractiveModel

    refuse_ranks()
    for one in files(args):
        if not Path(one.name).exists():
            raise UserError(f"--{one.modality} {one.name}: no such file")
    model = model_of(args)
    options = run_options(args, model=model)
    with run_context(options, make_progress(quiet=True)) as context:
        try:
            yield InteractiveModel(model, context)
        except SampleError as error:
            raise UserError(str(error)) from error
