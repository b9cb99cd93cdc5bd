"""Names that systems and tools leave in folders: neither classes, nor media, nor tables."""

from __future__ import annotations

from pathlib import Path

# macOS archives; Windows; Synology and QNAP file servers; ext file systems; Python. Lower case.
_NAMES = frozenset(
    {
        *("__macosx", "icon\r"),
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),
        *("$recycle.bin", "system volume information"),
        *("@eadir", "#recycle", "@recycle"),
        *("lost+found", "__pycache__"),
    }
)


def is_system_name(name: str) -> bool:
    """Whether a file or a folder of this name holds no data.

    Hidden names are among them: `.DS_Store`, AppleDouble files (`._a.jpg`), `.ipynb_checkpoints`.
    """
    return name.startswith(".") or name.lower() in _NAMES


def entries(folder: Path) -> list[Path]:
    """The files and folders in a folder, by name, without system names."""
    return sorted(path for path in folder.iterdir() if not is_system_name(path.name))


def matches(folder: Path, pattern: str) -> list[Path]:
    """The paths below a folder that match a glob pattern, in order, without system names."""
    found = folder.glob(pattern)
    return sorted(p for p in found if not any(map(is_system_name, p.relative_to(folder).parts)))
