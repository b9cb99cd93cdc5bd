"""The sample browser of pages: inputs, references, outputs and scores, sample by sample."""

from mmbench.reports.pages.samples.browser import (
    MOST_IN_A_FILE,
    SCRIPTS,
    STYLES,
    SitePage,
    changes_browser,
    run_browser,
)
from mmbench.reports.pages.samples.media import MediaMode, PageMedia
from mmbench.reports.pages.samples.media_modes import MEDIA_MODES, file_media, site_media

__all__ = [
    "MEDIA_MODES",
    "MOST_IN_A_FILE",
    "SCRIPTS",
    "STYLES",
    "MediaMode",
    "PageMedia",
    "SitePage",
    "changes_browser",
    "file_media",
    "run_browser",
    "site_media",
]
