"""Perturbation of a data set: of the media, the texts or the options of its samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from mmbench.columns import Mapped, Mappings, are_texts, column, entries, names_in, pack, table
from mmbench.datasets import RetrievalData, Samples
from mmbench.errors import SpecError
from mmbench.perturbations.names import NAMES, as_text
from mmbench.perturbations.options import OPTIONS, with_order
from mmbench.perturbations.paraphrases import ParaphrasedTexts, Paraphrases
from mmbench.perturbations.texts import TEXTS, text_rng
from mmbench.types import Media, Perturbation, Sample

T = TypeVar("T")
_NAMES = {"query": "queries", "corpus": "corpus", "sample": "samples"}  # of data, by role
_MODALITIES = {"image": ("image", "video"), "audio": ("audio",)}
_CONTENTS = {"image": "images or videos", "audio": "audio", "text": "texts", "options": "options"}


def perturbed_data(
    data: T,
    fields: Mapping[str, str],
    perturbation: Perturbation,
    task: str,
    paraphrases: Paraphrases | None = None,
) -> T:
    """Return data with perturbed inputs; references, links and class names stay as they are.

    `fields` are the fields of the task; texts in other inputs of the samples are unchanged, as are
    the options of questions, which only `options` changes. The examples of the data are changed
    like the samples. `paraphrases` are those of the file of the perturbation, if it has one. Raises
    SpecError for data of an unsuitable type or a role that they lack, if there is nothing to
    change, and for texts without a paraphrase.
    """
    if not isinstance(data, Samples | RetrievalData):
        raise SpecError(f"task {task}: data of a {type(data).__name__} cannot be perturbed")
    own = perturbation.role
    if own and isinstance(data, Samples):
        raise SpecError(f"task {task}: {own} is a role of retrieval tasks only; leave out :{own}")
    change = _Change(perturbation, paraphrases)
    changed, touched = {}, False
    for role, samples in data.by_role().items():
        if own in ("", role):
            used = {fields[role]} if isinstance(data, RetrievalData) else {*fields.values()}
            changed[_NAMES[role]] = change.samples(samples, used)
            touched = touched or any(_affected(samples, used, perturbation))
    if examples := _examples(data):
        changed["examples"] = change.samples(examples, {*fields.values()})
    if not touched:
        what = _CONTENTS[NAMES[perturbation.name].changes]
        raise SpecError(
            f"task {task}: {as_text(perturbation)} changes {what}, and the inputs of the task"
            f"{f' in the role {own}' if own else ''} have none; choose another perturbation"
        )
    if fault := change.fault():
        raise SpecError(f"task {task}: {fault}")
    return replace(data, **changed)


def _examples(data: Samples | RetrievalData) -> Sequence[Sample]:
    return data.examples if isinstance(data, Samples) else ()


def _affected(
    samples: Sequence[Sample], fields: set[str], perturbation: Perturbation
) -> Iterator[bool]:
    """Yield whether each content of the samples can be changed by the perturbation."""
    what = NAMES[perturbation.name].changes
    if what == "options":
        yield from (isinstance(t, dict) and "options" in t for t in column(samples, "target"))
        return
    inputs = column(samples, "inputs")
    for field in fields - {OPTIONS} if what == "text" else set(names_in(inputs)):
        for content in entries(inputs, field):
            if what == "text":
                yield isinstance(content, str)
            else:
                yield isinstance(content, Media) and content.modality in _MODALITIES[what]


class _Change:
    """A perturbation of samples, with the paraphrases of its file."""

    def __init__(self, perturbation: Perturbation, paraphrases: Paraphrases | None) -> None:
        self._perturbation = perturbation
        self._paraphrased = paraphrases and ParaphrasedTexts(paraphrases, perturbation)

    def samples(self, samples: Sequence[Sample], fields: set[str]) -> Sequence[Sample]:
        """Return samples with changed inputs; of the texts, those in `fields` are changed."""
        what = NAMES[self._perturbation.name].changes
        if what == "options":
            return [with_order(sample, self._perturbation) for sample in samples]
        rows = table(Sample, samples, ("inputs", "tags"))
        inputs = rows.columns["inputs"]
        names = fields - {OPTIONS} if what == "text" else set(names_in(inputs))
        ids = column(samples, "id")
        columns = {
            name: self._column(ids, entries(inputs, name))
            if name in names
            else entries(inputs, name)
            for name in names_in(inputs)
        }
        return rows.with_columns(inputs=Mappings(columns, len(rows)))

    def _column(self, ids: Sequence[str], contents: Sequence[object]) -> Sequence[object]:
        if self._paraphrased:
            return pack([*self._paraphrased.column(ids, contents)])
        is_text = NAMES[self._perturbation.name].changes == "text"
        return _mapped(
            partial(_text if is_text else _medium, perturbation=self._perturbation), contents
        )

    def fault(self) -> str:
        """Return which texts have no paraphrase; "" if all have one."""
        return self._paraphrased.fault() if self._paraphrased else ""


def _mapped(change: Callable[[object], object], contents: Sequence[object]) -> Sequence[object]:
    """Return changed contents: texts as a column in memory, other contents on access."""
    if are_texts(contents):
        return pack([change(content) for content in contents])
    return Mapped(change, contents)


def _medium(content: object, perturbation: Perturbation) -> object:
    modalities = _MODALITIES[NAMES[perturbation.name].changes]
    if not isinstance(content, Media) or content.modality not in modalities:
        return content
    return replace(content, perturbation=replace(perturbation, role=""))


def _text(content: object, perturbation: Perturbation) -> object:
    if not isinstance(content, str):
        return content
    name, value = perturbation.name, perturbation.value
    return TEXTS[name](content, value, text_rng(perturbation.seed, name, value, content))
