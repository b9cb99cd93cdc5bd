"""The columns of a user's own data: the role of each, named by the user or known by its name.

A role is what a source reads: image, text, label. The column of a role is, in this order, the one
that the user names; the column that is called like the role; the only column with one of the names
in `KNOWN`. Names are compared without case. If several columns fit, none is chosen, unless their
cells are the same.

The names are those of data sets in these formats: the CSV files of open_clip (`filepath`, `title`:
mlfoundations/open_clip src/open_clip_train/params.py), imagefolder of the datasets library
(`file_name`), img2dataset (`url`, `caption`), manifests of NeMo (`audio_filepath`), tars of
WebDataset (`jpg`, `txt`, `cls`), and common spellings of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from mmbench.data.mapping.media_columns import Columns, column_list
from mmbench.data.readers.folders import MEDIA, as_modality, modality_by_ending
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import find_name, plain_name
from mmbench.data.readers.rows import Rows
from mmbench.datasets.provenance import COLUMNS
from mmbench.errors import ColumnsNeeded, DataError, SpecError, UnknownName
from mmbench.text import listed
from mmbench.types import Modality

MEDIUM = "image, audio or video"  # the role of a media column of any modality
_SENTENCES = ("title", "description", "sentence", "sentences", "txt", "alt_text")
KNOWN: dict[str, tuple[str, ...]] = {
    "image": (
        *("img", "image_path", "img_path", "image_file", "image_filename", "image_filepath"),
        *("picture", "photo", "jpg", "jpeg", "png", "webp"),
    ),
    "audio": (
        *("audio_path", "audio_file", "audio_filename", "audio_filepath", "sound", "recording"),
        *("wav", "flac", "mp3", "ogg"),
    ),
    "video": ("video_path", "video_file", "video_filename", "video_filepath", "mp4", "webm"),
    "text": ("caption", "captions", "texts", *_SENTENCES),
    "label": (
        *("labels", "class", "class_name", "classname", "class_label", "category", "cls"),
        *("label_name", "target"),
    ),
    "caption": ("captions", "text", "texts", *_SENTENCES),
    "question": ("query", "prompt"),
    "answer": ("answers", "ground_truth", "reference", "target"),
    "id": ("key", "uid", "__key__"),
}
_FILES = ("file", "filepath", "file_path", "filename", "file_name", "path")  # of any modality
_URLS = ("url", "image_url", "img_url", "audio_url", "video_url")
_NUMBERED = re.compile(r"(.*?)_?\d+")  # caption_1


class Chosen(NamedTuple):
    """The columns of the roles of a table, {role: column or list of columns}.

    `inferred` lists the roles whose column the user has not named and that is called otherwise.
    """

    columns: dict[str, Columns]
    inferred: list[str]

    def provenance(self) -> dict[str, str]:
        """Return the inferred columns as provenance of the data, {} if there are none."""
        flag = columns_flag({role: self.columns[role] for role in self.inferred})
        return {COLUMNS: flag} if flag else {}


def columns_flag(columns: Mapping[str, Columns]) -> str:
    """Return columns as the value of the flag `--columns`: `image=filepath,text=title`."""
    pairs = ((role, name) for role, names in columns.items() for name in column_list(names))
    return ",".join(f"{role}={name}" for role, name in pairs)


class Role(NamedTuple):
    """A role of a source. The source itself finds columns with the names `own`, if it has any."""

    name: str
    required: bool = False
    own: tuple[str, ...] = ()


def choose_columns(rows: Rows, named: Mapping[str, Columns], roles: Sequence[Role]) -> Chosen:
    """Return the column of each role, if the rows have one.

    `named` are the columns that the user names, by role. The role `MEDIUM` stands for one of image,
    audio and video. A role with columns that the source finds itself is left out. Raises
    UnknownName for a role or column that does not exist, ColumnsNeeded for a required role without
    a column (its message lists the columns, and the flag to add), and DataError if a folder of
    files lacks texts or labels.
    """
    _check_named(rows, named, roles)
    chosen: dict[str, Columns] = dict(named)
    problems: dict[str, list[_Fit]] = {}
    for role in roles:
        if _is_named(role, named) or _has_own(rows, role):
            continue
        taken = {plain_name(name) for names in chosen.values() for name in column_list(names)}
        fits = _fitting(rows, role, taken)
        if len(fits) == 1:
            chosen[fits[0].role] = fits[0].columns
        elif role.required:
            problems[role.name] = fits
    for name in problems:
        if advice := rows.advice(name):
            raise DataError(f"{rows.place}: the files have no {name}; {advice}")
    if problems:
        _refuse_other_separator(rows)
        raise _columns_needed(rows, chosen, problems)
    inferred = [role for role, name in chosen.items() if name != role and role not in named]
    return Chosen(chosen, inferred)


def own_table(rows: Rows, named: Mapping[str, Columns], roles: Sequence[Role]) -> OwnTable:
    """Return rows as a table in which the column of each role is called like the role.

    Raises UnknownName and ColumnsNeeded (`choose_columns`), and SpecError for a role with several
    columns.
    """
    for role, names in named.items():
        if not isinstance(names, str):
            raise SpecError(f"--columns gives {role} several columns; give one")
    chosen = choose_columns(rows, named, roles)
    columns = {role: names for role, names in chosen.columns.items() if isinstance(names, str)}
    hidden = {name for role in roles if _is_named(role, named) for name in role.own}
    table = OwnTable(rows, columns, hidden)
    table.source = {**rows.source, **chosen.provenance()}
    return table


def _has_own(rows: Rows, role: Role) -> bool:
    """Return whether the source finds a column of the role itself; media are no ids."""
    own = (find_name(rows.names(), name, rows.place) for name in role.own)
    return any(name and not (role.name == "id" and rows.content_type(name)) for name in own)


def _is_named(role: Role, named: Mapping[str, Columns]) -> bool:
    return role.name in named or (role.name == MEDIUM and any(m in named for m in MEDIA))


def _check_named(rows: Rows, named: Mapping[str, Columns], roles: Sequence[Role]) -> None:
    known = [one for r in roles for one in (MEDIA if r.name == MEDIUM else (r.name,))]
    for role, names in named.items():
        if role not in known:
            raise UnknownName("role in --columns", role, known)
        for name in column_list(names):
            rows.refuse_unknown(name)


class _Fit(NamedTuple):
    """The columns that may have a role; for `MEDIUM`, the role is a modality."""

    role: str
    columns: Columns


def _fitting(rows: Rows, wanted: Role, taken: Collection[str]) -> list[_Fit]:
    """Return the columns that may have a role; several if it is unclear which one has it."""
    role = wanted.name
    names = [name for name in rows.names() if plain_name(name) not in taken]
    if role == MEDIUM:
        return _media(rows, names, urls=wanted.required)
    if exact := [name for name in names if plain_name(name) == role]:
        return [_Fit(role, exact[0])]
    known = {role, *KNOWN.get(role, ())}
    fits = [name for name in names if plain_name(name) in known]
    if fits or role != "text":
        return [_Fit(role, name) for name in _different(rows, fits)]
    families: dict[str, list[str]] = {}
    for name in names:
        match = _NUMBERED.fullmatch(plain_name(name))
        if match and match[1] in known:
            families.setdefault(match[1], []).append(name)
    return [_Fit(role, family) for family in families.values()]


def _media(rows: Rows, names: Sequence[str], *, urls: bool) -> list[_Fit]:
    """Return the columns that may hold the media files, by type, else by name.

    With `urls`, columns of URLs come last: their samples fail with a message that says so.
    """
    typed = {name: as_modality(rows.content_type(name)) for name in names}
    exact: dict[str, Modality | None] = {
        name: as_modality(plain_name(name))
        for name in names
        if typed[name] in (None, plain_name(name))
    }
    known = {alias: as_modality(role) for role in MEDIA for alias in KNOWN[role]}
    by_name = {name: known.get(plain_name(name)) for name in names}
    files = {name: _file_modality(rows, name) for name in names if plain_name(name) in _FILES}
    addresses = {name: _url_modality(name) for name in names if urls and plain_name(name) in _URLS}
    for tier in (exact, typed, by_name | files, addresses):
        fits = [_Fit(modality, name) for name, modality in tier.items() if modality]
        if fits:
            different = _different(rows, [str(fit.columns) for fit in fits])
            return [fit for fit in fits if fit.columns in different]
    return []


def _url_modality(name: str) -> Modality:
    return as_modality(plain_name(name).partition("_")[0]) or "image"


def _file_modality(rows: Rows, name: str) -> Modality | None:
    """Return the modality that the extension of the first file in a column implies."""
    if rows.content_type(name):
        return None
    first = next((cell for cell in rows.read(name) if isinstance(cell, str) and cell), "")
    return modality_by_ending(first)


def _different(rows: Rows, names: Sequence[str]) -> list[str]:
    """Return the columns without those whose cells equal those of an earlier column."""
    if len(names) < 2 or any(map(rows.content_type, names)):
        return list(names)
    cells: dict[str, list[object]] = {}
    for name in names:
        column = list(rows.read(name))
        if column not in cells.values():
            cells[name] = column
    return list(cells)


def _refuse_other_separator(rows: Rows) -> None:
    """Raise DataError if the name of the only column has a separator of cells in it."""
    names = rows.names()
    separator = next((one for one in ";,\t|" if len(names) == 1 and one in names[0]), "")
    if separator:
        raise DataError(
            f"{rows.place}: the first line is one cell, {names[0]!r}; separate cells by commas in a"
            " .csv and by tabs in a .tsv"
        )


def _columns_needed(
    rows: Rows, chosen: Mapping[str, Columns], problems: Mapping[str, Sequence[_Fit]]
) -> ColumnsNeeded:
    """Return the error for roles without a column; `problems` has the choices for each role."""
    flags, reasons = [columns_flag(chosen)] if chosen else [], []
    for role, fits in problems.items():
        names = [name for fit in fits for name in column_list(fit.columns)]
        flags.append(
            columns_flag({fits[0].role: fits[0].columns})
            if fits
            else f"{'image' if role == MEDIUM else role}=COLUMN"
        )
        reasons.append(f"{' and '.join(names)} may each be the {role}" if fits else f"no {role}")
    return ColumnsNeeded(
        f"{rows.place}: it is unclear which column to read ({', '.join(reasons)}); the columns are"
        f" {listed(rows.names(), 30) or 'none'}",
        ",".join(flags),
    )
