"""`mmbench classify`: the labels that a model predicts for files."""

from __future__ import annotations

import argparse
import sys

from mmbench.cli.commands.interactive.session import files, open_model
from mmbench.cli.exit_codes import DONE
from mmbench.cli.output.terminal import listing, screen_width, show
from mmbench.errors import UserError
from mmbench.text import plain


def command(args: argparse.Namespace) -> int:
    """Print the most likely labels of each file with their probabilities."""
    media = files(args)
    labels = [label.strip() for label in (args.labels or "").split(",") if label.strip()]
    if not media or len({medium.modality for medium in media}) > 1:
        raise UserError(
            "classify needs files of one modality: --image FILE, --audio FILE or --video FILE"
        )
    with open_model(args) as model:
        predictions = model.classify(media, labels)
    for medium, probabilities in zip(media, predictions, strict=True):
        best = sorted(probabilities, key=lambda entry: -entry[1])[: args.top]
        rows = [(f"{probability:.4f}", plain(label)) for label, probability in best]
        show([plain(medium.name), *listing(rows, screen_width(sys.stdout), indent=2)])
    return DONE
