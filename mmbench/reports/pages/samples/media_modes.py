"""The choice of --media for a site and for a single file."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from mmbench.errors import UserError
from mmbench.reports.pages.samples.embedded_media import EmbeddedMedia
from mmbench.reports.pages.samples.media import MediaMode, PageMedia
from mmbench.reports.pages.samples.site_media import SiteMedia
from mmbench.reports.pages.site import Site
from mmbench.storage.data_folders import PermittedFiles

MEDIA_MODES: tuple[MediaMode, ...] = get_args(MediaMode)


def site_media(
    site: Site, mode: MediaMode | None = None, permitted: PermittedFiles | None = None
) -> PageMedia:
    """Return the media of a site; by default linked, or copied into a site at a URL.

    Raises UserError for links in a site at a URL, whose pages cannot refer to files on disk.
    """
    base = site.folder.disk
    if mode == "embed":
        return EmbeddedMedia(mode, base, permitted, site=True)
    if base is None and mode == "link":
        where = site.folder.where
        raise UserError(
            f"--media link: pages at {where} cannot refer to files on disk; give --media copy"
        )
    return SiteMedia(mode or ("copy" if base is None else "link"), site, base, permitted)


def file_media(
    file: Path, mode: MediaMode | None = None, permitted: PermittedFiles | None = None
) -> PageMedia:
    """Return the media of a page that is a single file; by default embedded.

    Raises UserError for copies, which need a folder.
    """
    if mode == "copy":
        raise UserError("--media copy needs a folder; give --site DIR, or --media embed")
    return EmbeddedMedia(mode or "embed", file.parent, permitted)
