"""`mmbench classify`: what a model sees or hears in files."""

from __future__ import annotations

import argparse
import sys

from mmbench.cli.commands.interactive.session import files, tryout
from mmbench.cli.exit_codes import DONE
from mmbench.cli.output.terminal import listing, screen_width, show
from mmbench.errors import UserError
from mmbench.text import plain


def command(args: argparse.Namespace) -> int:
    """Print the likeliest labels of each file with their probabilities."""
    media = files(args)
    labels = [label.strip() for label in (args.labels or "").split(",") if label.strip()]
    if not media or len({one.modality for one in media}) > 1:
        raise UserError(
            "classify needs files of one sort: --image FILE, --audio FILE or --video FILE"
        )
    with tryout(args) as model:
        found = model.classify(media, labels)
    for medium, shares in zip(media, found, strict=True):
        best = sorted(shares, key=lambda entry: -entry[1])[: args.top]
        rows = [(f"{share:.4f}", plain(label)) for label, share in best]
        show([plain(medium.name), *listing(rows, screen_width(sys.stdout), indent=2)])
    return DONE
