"""The values that flow through mmbench.

Data flows down: samples, predictions, scores, the record. No earlier type has a field that a later
stage fills in. Standard library and msgspec only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from mmbench.columns import column, rows_not_none

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    import typing_extensions
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mmbench.vectors import Vectors

    Array = NDArray[np.float32]
    # What a model is given for a text, an image, a sound and a video, by itself or in a Message. A
    # model that asks for encoded images is given an EncodedImage in the place of each image.
    DecodedPart: TypeAlias = "str | Image | Sound | Clip"
    # The parts of a Message are Contents unless it says otherwise (Python 3.13 has such defaults).
    PartT = typing_extensions.TypeVar("PartT", covariant=True, default="Content")
else:
    Array = Vectors = Any
    PartT = TypeVar("PartT", covariant=True)

Modality = Literal["text", "image", "audio", "video"]
Role = Literal["query", "document"]

# What the scores by class are: `similarities` (100 · cosine, of zero-shot classification) order the
# classes of a sample like logits, and have no threshold. "" is for scores of unknown origin.
ScoreScale = Literal["", "logits", "probabilities", "similarities"]


class Media(Struct, frozen=True):
    """A reference to an image, a sound or a video; nothing is read or decoded until it is needed.

    `name` is what errors show: a path, or where the bytes come from ("row 12 of x.parquet").
    `read` returns the encoded bytes; None means that `name` is a path on disk.
    """

    modality: Modality
    name: str
    read: Callable[[], bytes] | None = None


class Broken(Struct, frozen=True):
    """Stands where a text or a medium should be, and says why it cannot be evaluated.

    `name` is the path of a medium that is not there.
    """

    reason: str
    name: str = ""


Content = str | Media | Broken


class Sound(NamedTuple):
    """A decoded sound: samples float32 [n], mono, from -1 to 1, at `rate` samples a second."""

    samples: Array
    rate: int


class EncodedImage(Struct, frozen=True):
    """A decoded image with the bytes of its file.

    `pixels` is a PIL.Image in RGB. `mime` is the type of `data` (image/jpeg, image/png, image/webp)
    where any decoder sees the same pixels in it, else empty.
    """

    pixels: Image
    data: bytes
    mime: str


class Clip(NamedTuple):
    """Decoded frames of a video: uint8 [t, h, w, 3], RGB and upright, shown at `seconds` [t]."""

    frames: NDArray[np.uint8]
    seconds: tuple[float, ...]


class Frames(Struct, frozen=True):
    """Which frames of a video a model looks at.

    Without a `stride` the video, or the part of it that a view covers, is cut into `count` equal
    parts, and the frame in the middle of each is taken. With one, `count` frames that are `stride`
    frames apart; the windows of several views are spread evenly from the first to the last frame.
    """

    count: int
    stride: int | None = None


class View(Struct, frozen=True):
    """One of several looks at a video: clip `clip` of `clips` in time, square `crop` of `crops`.

    A crop is a square of the shorter side, the crops spread evenly along the longer one; with
    `crops` 1 the frames are left whole, and the model's own preprocessing cuts them.
    """

    media: Media
    clip: int = 0
    clips: int = 1
    crop: int = 0
    crops: int = 1


class Message(Struct, Generic[PartT], frozen=True):
    """One turn of a conversation: texts and media in their order.

    The parts are Contents until the engine has decoded them; a model gets str, PIL.Image, Sound and
    Clip in their place, a `Message[DecodedPart]`.
    """

    role: Literal["system", "user", "assistant"]
    parts: tuple[PartT, ...]


Conversation = tuple[Message, ...]


class Continued(Struct, frozen=True):
    """A conversation and a text whose likelihood as the answer is asked for."""

    conversation: Conversation
    text: str


class Seeded(Struct, frozen=True):
    """A prompt to draw, with the seed of its noise."""

    prompt: str
    seed: int


Item = Content | View | Conversation | Continued | Seeded


class Sample(Struct, frozen=True):
    """One row of a data set.

    `inputs` maps a field name to its content. `group` names what samples share (the image of five
    captions), for clustered intervals; `tags` are for breakdowns.
    """

    id: str
    inputs: dict[str, Content]
    target: Any = None
    group: str = ""
    tags: dict[str, str] = field(default_factory=dict)


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """Scores that somebody published for a model (a hub id), with where they can be read."""

    model: str
    scores: dict[str, float]
    source: str
    tolerance: float = 0.002


class Generation(Struct, frozen=True, forbid_unknown_fields=True):
    """How a text is to be generated: greedily at a `temperature` of 0.

    `stop` are texts at which the answer ends; they are not part of it.
    """

    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    def seeded(self, seed: int) -> Generation:
        """The same with another seed, where one is of any use."""
        return replace(self, seed=self.seed + seed) if self.temperature > 0 else self


class Views(Struct, frozen=True, forbid_unknown_fields=True):
    """How many clips in time, and crops in space, of a video are looked at.

    Its probabilities are the mean over the views, or of each class the highest (`max`), as is usual
    for several labels: DATA.ENSEMBLE_METHOD of facebookresearch/SlowFast.
    """

    clips: int = 1
    crops: int = 1
    combine: Literal["mean", "max"] = "mean"


class KindOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a task kind, which task files hold as keys of their own.

    A subclass has a field, with a default, for each. What is asked is part of the task's
    fingerprint; `settings` names the options that say only how it is computed, which are part of
    the signature of the scores and can be changed by a flag of the same name.
    """

    settings: ClassVar[frozenset[str]] = frozenset()


OptionsT = TypeVar("OptionsT", bound=KindOptions)


class TaskSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a task file says and no more.

    `data` names a source and its options, and the `folder` under $MMBENCH_DATA where it is looked
    for; `fields` says which input is the query and which the document; `options` are those of the
    kind, flat keys of the file; `protocol` holds the sizes of the protocol (query, corpus; sample)
    and the number of `splits` that are searched apart; `breakdowns` are tags of the samples by
    whose values every metric is shown as well; `metric_options` are options of metrics, by the
    names that these have in `metrics`.
    """

    name: str
    kind: str
    data: dict[str, Any]
    fields: dict[str, str]
    metrics: list[str]
    headline: str
    version: int = 1
    summary: str = ""
    licence: str = ""
    homepage: str = ""
    citation: str = ""
    options: KindOptions = KindOptions()
    protocol: dict[str, int] = field(default_factory=dict)
    breakdowns: list[str] = field(default_factory=list)
    metric_options: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)

    def options_of(self, kind: type[OptionsT]) -> OptionsT:
        """Return the options as those of a kind, its defaults for a task made without any.

        Raises TypeError for options of another kind.
        """
        if type(self.options) is KindOptions:
            return kind()
        if not isinstance(self.options, kind):
            raise TypeError(f"task {self.name}: {type(self.options)} are not {kind}")
        return self.options


class Written(Struct, frozen=True):
    """What a model wrote: the text, whether it ended or met the limit, and its number of tokens."""

    text: str
    finish: Literal["stop", "length"] = "stop"
    tokens: int = 0


Method = Literal["embed", "classify", "write", "loglikelihood", "draw", "speak"]


class Requests(Struct, frozen=True):
    """What a kind or a metric wants a model to answer.

    `contents` are Contents of one `modality` in one `role` for embed, Contents or Views for
    classify, Conversations for write, Continueds for loglikelihood, Seededs for draw and texts for
    speak. `normalise` False asks for vectors as the model gives them, as the FID family needs them.
    `labels` are the classes that a model must have to classify, by name.
    """

    contents: Sequence[Item]
    modality: Modality
    role: Role = "document"
    normalise: bool = True
    method: Method = "embed"
    options: Generation = Generation()
    labels: Sequence[str] = ()


class Answers(Struct, frozen=True):
    """Vectors [n, d] float32 for n contents, and by row the reason of each that failed.

    A failed row is zero. Embeddings are L2-normalised unless the request said otherwise. In answers
    to classify the vectors are scores (float64 where the model returned float64), `labels` are the
    names of their columns, and `scores` says whether they are logits or probabilities. `model` is
    the name of the model, for messages.
    """

    vectors: Array
    failures: dict[int, str]
    labels: list[str] = field(default_factory=list)
    scores: ScoreScale = "logits"
    model: str = ""


class Said(Struct, frozen=True):
    """What a model wrote (Written), drew or spoke (Media), and by row the reason of each failure.

    A failed row is None.
    """

    values: list[Any]
    failures: dict[int, str]


class Ranking(Struct, frozen=True):
    """Where the positives of one query stand.

    `ranks` from 1, ascending. None, last, for a positive that was not found: beyond the `depth` an
    approximate index looked at, so that nobody knows its rank; or, where `depth` is None and all
    the corpus was looked at, not returned at all. `grades` in the order of `ranks`. `top` holds the
    first few document ids, as evidence.

    The last `failed` positives could not be ranked, because they failed or are not in the corpus:
    they are never retrieved, whatever the `depth`. `failed_others` counts the failed documents that
    are not relevant to the query; ranks do not count them. `size` is the number of documents, the
    failed ones included, where it is known.
    """

    ranks: list[int | None]
    grades: list[float]
    top: list[str] = field(default_factory=list)
    depth: int | None = None
    failed: int = 0
    failed_others: int = 0
    size: int | None = None


class Prediction(Struct, frozen=True):
    """What was said beside what was right. A failed one has `error` and no value.

    The target of a failed query is a Ranking that retrieved none of its positives. `inputs` are
    those of the sample, for a metric that looks at them (CLIPScore at the image). `scores` says
    what a value of scores by class holds; it is "" for other values.
    """

    id: str
    value: Any = None
    target: Any = None
    error: str | None = None
    group: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Content] = field(default_factory=dict)
    scores: ScoreScale = ""


Directions = Mapping[str, Sequence[Sequence[Prediction]]]  # by direction and split


class Predictions(Struct, frozen=True):
    """The predictions of a task, by direction and split.

    `failures` are id and reason of each sample that failed of itself, `notes` what a reader of the
    scores should know of the answers, `search` what an approximate index reports, by search.
    """

    directions: Directions
    failures: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    search: dict[str, dict[str, Any]] = field(default_factory=dict)

    def each(self) -> Iterator[Prediction]:
        """Yield the predictions of all directions and splits in their order."""
        return (p for splits in self.directions.values() for split in splits for p in split)

    def mapped(self, function: Callable[[Prediction], Prediction]) -> Predictions:
        """Return the predictions with a function applied to each."""
        directions = {
            direction: [[function(p) for p in split] for split in splits]
            for direction, splits in self.directions.items()
        }
        return replace(self, directions=directions)

    def failed(self) -> list[tuple[str, str]]:
        """Return id and error of each sample whose prediction failed."""
        splits = [split for splits in self.directions.values() for split in splits]
        errors = [(column(split, "id"), column(split, "error")) for split in splits]
        found = {ids[row]: why[row] for ids, why in errors for row in rows_not_none(why)}
        return list(found.items())


class Outputs(Struct, frozen=True):
    """What somebody's model said, as it was read from a file: id → value.

    A value is a text, a number, scores by label {label: score}, scores [c] in the order of
    `labels`, document ids best first, or a medium. `embeddings` holds ids and vectors [n, d]
    float32 by side (query, corpus) instead, which may stay in a file (`Vectors`). Where the file
    has no ids (`positional`) they are the row numbers from 0, in the order of the task's samples.
    `tags` are further columns by id (seconds of sound and of computing). `digest` is the hash of
    the bytes read. `id_column` is the column of the ids, empty where the file has no columns;
    `other_ids` are further columns that could be it, in the order of `values`; `by_format`: the
    file's format says that `id_column` is the id. `notes` are what a reader of the scores should
    know of how the file was read.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    embeddings: dict[str, tuple[Sequence[str], Array | Vectors]] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    positional: bool = False
    digest: str = ""
    id_column: str = ""
    other_ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    by_format: bool = False
    notes: list[str] = field(default_factory=list)


# What a metric gets of a prediction from the model it wants, by name: vectors [k, d], a row per
# content, or k texts.
Features = dict[str, Any]


class ModelFile(Struct, frozen=True):
    """The checkpoint of a metric's model that the user gives as a file: `--OPTION FILE`.

    `hint` ends the sentence "metric NAME needs …": what to type, and where the file is published.
    """

    option: str
    hint: str


class Wants(Struct, frozen=True):
    """What a metric wants embedded, or written down, by a model that is not the one measured.

    `contents` gives of a prediction, by name, what is to be embedded: {"image": [image],
    "references": [text, text]}; where the `method` is write, conversations. `modalities` says of
    which modality each name is, and its role. `model` is the default one; `variants` says what an
    argument such as `tf` of `fid@tf` stands for (a model and its options); any other argument is
    the name of a model itself. `files` says of which of these models the user gives the checkpoint
    as a file. A prediction whose content fails in the model is failed. The metric is called with
    `features`, one dict for each prediction. With `failed` it also gets what `contents` gives of
    predictions that failed: a set of real images is whole whatever was drawn.
    """

    contents: Callable[[Prediction], dict[str, list[Any]]]
    modalities: dict[str, tuple[Modality, Role]]
    method: Literal["embed", "write"] = "embed"
    model: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    variants: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, ModelFile] = field(default_factory=dict)
    normalise: bool = True
    failed: bool = False


class Score(Struct, frozen=True):
    """A number, the per-sample rows [n, c] float64 behind it, and the name of the fold between.

    `fold` is a name in `mmbench.stats.folds`, so that stored rows fold again without the metric's
    code. `worst` and `best` are the ends of the metric's range, None where there is no end.
    `interval` is the metric's own where resampling the samples would not give it (raters as well as
    items). `reason` says why `value` is NaN, or why it has no interval.
    """

    value: float
    rows: NDArray[np.float64]
    fold: str
    signature: str
    better: Literal["higher", "lower"]
    reason: str = ""
    worst: float | None = None
    best: float | None = None
    interval: tuple[float, float] | None = None


class ModelInfo(Struct, frozen=True):
    """The model that was measured. `hash` covers adapter, options, dtype and weights.

    `adapter` is NAME@VERSION, the registered name and the version of the class. Where no single
    class answered it is `late`, `baseline` or `outputs`. Older records have MODULE:CLASS@VERSION.
    """

    name: str
    checkpoint: str | None
    revision: str | None
    hash: str
    adapter: str
    options: dict[str, Any]
    dtype: str


class TaskInfo(Struct, frozen=True):
    """What was asked (`fingerprint`) and of what (`data_hash`). `data` holds the sizes used.

    `asked` is what the way of asking adds to the signature of every score: "index=exact".
    """

    name: str
    version: int
    kind: str
    fingerprint: str
    data_hash: str
    protocol: dict[str, int]
    data: dict[str, int]
    source: dict[str, str] = field(default_factory=dict)
    asked: str = ""


class ScoreInfo(Struct, frozen=True):
    """A score as it is stored. NaN is null, with the reason; `low` and `high` its 95 % interval.

    `n` samples were measured, in `groups` groups; `failed` were not. `bounds` are the lowest and
    the highest value that the score could have without failures: had all failed samples been wrong
    or right, and all failed documents of a corpus been retrieved in the worst or the best way.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    groups: int
    signature: str
    better: Literal["higher", "lower"]
    fold: str
    failed: int = 0
    bounds: tuple[float, float] | None = None
    reason: str = ""


class PublishedInfo(Struct, frozen=True):
    """A published number beside the measured one, with the verdict in words."""

    metric: str
    value: float
    measured: float | None
    tolerance: float
    verdict: str
    model: str = ""
    source: str = ""


class RunRecord(Struct, frozen=True, kw_only=True):
    """One run of one model on one task: written once, never edited. See docs/architecture.md."""

    schema: int = 1
    run: str
    created: str
    model: ModelInfo
    task: TaskInfo
    scores: dict[str, ScoreInfo]
    headline: str
    published: list[PublishedInfo]
    counts: dict[str, int]
    failures: list[tuple[str, str]]
    seconds: dict[str, float]
    throughput: dict[str, float]
    environment: dict[str, Any]
    seed: int
    index: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    baseline: str | None = None
    # tag → value → metric: the same metrics over the samples that have this value of the tag.
    breakdowns: dict[str, dict[str, dict[str, ScoreInfo]]] = field(default_factory=dict)
