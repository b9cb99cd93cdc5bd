"""The options of BERTScore, and the baselines of its rescaling."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from msgspec import Struct

from mmbench.errors import MissingExtra, UserError
from mmbench.text import with_home
from mmbench.validation.named_values import as_struct
from mmbench.validation.regular_files import read_regular

_PACKAGE = "bert-score:"


class BertScoreOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The options: `layer` is one of the model, the others are described in `bertscore_f1`."""

    layer: int | None = None
    idf: bool = False
    baseline: str | tuple[float, float, float] | None = None

    def baseline_of(self, measure: int) -> float:
        """Return the baseline of precision (0), recall (1) or F1 (2), 0 without rescaling.

        Raises UserError for an invalid file and for a file without `layer`, MissingExtra if
        bert-score is needed but not installed.
        """
        if self.baseline is None:
            return 0.0
        if isinstance(self.baseline, tuple):
            return self.baseline[measure]
        if self.layer is None:
            raise UserError(
                f"metric bertscore: the baseline file {self.baseline} has a row for each layer; set"
                " layer in the metric_options, too (17 for the default model)"
            )
        return _of_layer(_file(self.baseline), self.layer)[measure]


def read_options(options: Mapping[str, object]) -> BertScoreOptions:
    """Return the options of a task. Raises UserError for an unknown option or an invalid value."""
    return as_struct(dict(options), BertScoreOptions, "options of metric bertscore")


def check(argument: str, options: Mapping[str, object]) -> None:  # noqa: ARG001
    """Raise UserError for invalid options, also for a baseline file that cannot be read."""
    settings = read_options(options)
    if isinstance(settings.baseline, tuple) and max(settings.baseline) >= 1:
        raise UserError(f"baseline of bertscore is {settings.baseline}; give numbers below 1")
    if isinstance(settings.baseline, str) and not settings.baseline.startswith(_PACKAGE):
        settings.baseline_of(0)


def _file(name: str) -> Path:
    """Return the path of a baseline file, which may be one of the installed bert-score."""
    if not name.startswith(_PACKAGE):
        return Path(with_home(name))
    package = find_spec("bert_score")
    if package is None or not package.submodule_search_locations:
        raise MissingExtra(f"the baseline {name}", "bert-score", "mmbench[bertscore]")
    folder = Path(package.submodule_search_locations[0]) / "rescale_baseline"
    known = sorted(file.relative_to(folder).as_posix() for file in folder.glob("*/**/*.tsv"))
    wanted = f"{name.removeprefix(_PACKAGE)}.tsv"
    if wanted not in known:
        language = wanted.partition("/")[0]
        near = [one.removesuffix(".tsv") for one in known if one.startswith(f"{language}/")]
        names = near or sorted({one.partition("/")[0] for one in known})
        raise UserError(f"bert-score has no baseline {wanted}; it has {', '.join(names)}")
    return folder / wanted


def _of_layer(file: Path, layer: int) -> tuple[float, float, float]:
    """Return the baselines of precision, recall and F1 in the row of a layer."""
    try:
        rows = list(csv.DictReader(StringIO(read_regular(file).decode())))
        found = {int(row["LAYER"]): row for row in rows}
        precision, recall, f1 = (float(found[layer][name]) for name in "PRF")
    except OSError as error:
        raise UserError(f"cannot read the baseline file {file}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"baseline file {file} has no values of layer {layer}; give a file with the columns"
            " LAYER,P,R,F, or three numbers"
        ) from error
    return precision, recall, f1
