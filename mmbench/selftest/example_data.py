"""Small generated data sets for self-tests, in the form that each data source returns."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable

import msgspec

from mmbench.datasets import RetrievalData, Samples
from mmbench.errors import DataError
from mmbench.protocols import Dataset
from mmbench.selftest.example_questions import (
    COLOURS,
    COUNT,
    answers,
    example,
    figures,
    pope,
    questions,
    vqa,
)
from mmbench.types import Media, Sample, TaskSpec

_OBJECTS = ("cat", "pizza", "train")  # of COCO


def make_example_data(spec: TaskSpec) -> Dataset:
    """Generate data in the form that a task's data source returns.

    Raises DataError for the data source of a plugin.
    """
    source = spec.data["source"]
    if source in _BUILDERS and spec.kind in ("probe", "clustering"):
        return _labelled_images(spec)
    if source not in _BUILDERS:
        raise DataError(f"task {spec.name}: no data for the self-test; give --data PATH")
    return _BUILDERS[source](spec)


def _pairs(spec: TaskSpec) -> RetrievalData:
    data = example()
    names = {"text": spec.fields["query"], "image": spec.fields["corpus"]}
    return RetrievalData(
        [_renamed(sample, names) for sample in data.queries],
        [_renamed(sample, names) for sample in data.corpus],
        data.links,
    )


def _renamed(sample: Sample, names: dict[str, str]) -> Sample:
    inputs = {names[name]: content for name, content in sample.inputs.items()}
    return Sample(sample.id, inputs, group=sample.group, tags=sample.tags)


def _composed(spec: TaskSpec) -> RetrievalData:
    """Return composed queries: an image, and a caption of the image to be found."""
    data = example()
    ids = [image.id for image in data.corpus]
    captions = {query.group: query.inputs["text"] for query in data.queries}
    fields = spec.fields
    queries = [
        Sample(
            image.id,
            {fields["query"]: image.inputs["image"], fields["query_text"]: captions[target]},
        )
        for image, target in zip(data.corpus, [*ids[1:], ids[0]], strict=True)
    ]
    around = {ident: [ids[(at + by) % COUNT] for by in range(6)] for at, ident in enumerate(ids)}
    own = {ident: [ident] for ident in ids}
    return RetrievalData(
        queries,
        [_renamed(image, {"image": fields["corpus"]}) for image in data.corpus],
        {ident: {members[1]: 1.0} for ident, members in around.items()},
        excluded=own if spec.data["source"] == "cirr" else {},
        subsets=around if spec.data["source"] == "cirr" else {},
    )


def _captions(spec: TaskSpec) -> Samples:
    """Return images with a single caption each; this caption is then the best in every metric.

    If the task reads annotated objects, each caption names the object in the tag of its image.
    """
    data, with_objects = example(), bool(spec.data.get("objects"))
    captions = {query.group: str(query.inputs["text"]) for query in data.queries}
    samples = []
    for i, image in enumerate(data.corpus):
        name = _OBJECTS[i % len(_OBJECTS)]
        caption = captions[image.id] + (f" and a {name}" if with_objects else "")
        tags = {"objects": name} if with_objects else {}
        samples.append(Sample(image.id, image.inputs, [caption], image.id, tags))
    return Samples(samples)


def _transcripts() -> Samples:
    data = example()
    texts = [str(query.inputs["text"]) for query in data.queries[::5]]
    return Samples([Sample(f"{i}", {}, text, f"speaker {i % 5}") for i, text in enumerate(texts)])


def _translations() -> Samples:
    """Return audio and texts with two translations each: the text, also in upper case."""
    samples = _transcripts().samples
    return Samples(
        [
            Sample(
                s.id,
                {"text": s.target, "audio": _sound(at % 5)},
                [s.target, s.target.upper()],
                s.group,
            )
            for at, s in enumerate(samples)
        ]
    )


def _labels(spec: TaskSpec) -> Samples:
    many = any(metric in ("mean_ap", "auc", "d_prime") for metric in spec.metrics)
    targets = [sorted({i % 4, i % 3}) if many else i % 4 for i in range(COUNT)]
    return Samples([Sample(f"{i}", {}, t) for i, t in enumerate(targets)], list(COLOURS))


def _labelled_images(spec: TaskSpec) -> Samples:
    """Return images with the targets of `_labels`; the examples are the same with other ids."""
    field = next(iter(spec.fields.values()))
    labelled = _labels(spec)
    images = [s.inputs["image"] for s in example().corpus]
    samples = [
        msgspec.structs.replace(sample, inputs={field: image})
        for sample, image in zip(labelled.samples, images, strict=True)
    ]
    examples = [msgspec.structs.replace(sample, id=f"train {sample.id}") for sample in samples]
    return Samples(samples, labelled.labels, examples=examples)


def _images() -> Samples:
    """Return a few images; there are only a few because a metric runs Inception on them."""
    data = example()
    return Samples([Sample(s.id, {}, s.inputs["image"]) for s in data.corpus[: COUNT // 2]])


def _ratings() -> Samples:
    targets = [[[f"r{r}", 1 + i % 4 + (i * 7 + r) % 3] for r in range(3)] for i in range(COUNT)]
    return Samples(
        [Sample(f"{i}", {}, t, f"s{i % 4}", {"system": f"s{i % 4}"}) for i, t in enumerate(targets)]
    )


def _sessions() -> Samples:
    """Return sessions in which three speakers take turns that overlap a little."""
    texts = [str(query.inputs["text"]) for query in example().queries]
    return Samples([Sample(f"{i}", {}, _turns(i, texts[5 * i : 5 * i + 5])) for i in range(COUNT)])


def _turns(session: int, texts: list[str]) -> list[dict[str, object]]:
    return [
        {
            "speaker": "ABC"[(turn * (session % 2 + 1) + session) % 3],
            "start_time": 2.0 * turn + session % 4 / 10,
            "end_time": 2.0 * turn + 1.7 + session % 5 / 10,
            "words": text,
        }
        for turn, text in enumerate(texts)
    ]


def _spoken() -> Samples:
    """Return texts, each with an audio clip, for speech synthesis or recognition."""
    texts = [str(query.inputs["text"]) for query in example().queries[::5]]
    return Samples(
        [
            Sample(f"{i}", {"text": text, "audio": _sound(i % 5)}, text, f"speaker {i % 5}")
            for i, text in enumerate(texts)
        ]
    )


def _sound(i: int) -> Media:
    """Return 0.1 s of audio at 16 kHz: pulses with a period that depends on the speaker `i`."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(struct.pack("<1600h", *(9000 * (at % (i + 9) == 0) for at in range(1600))))
    return Media("audio", f"sound {i}", stream.getvalue)


def _prompts() -> Samples:
    """Return samples with the first caption of an image as input and the image as target."""
    data = example()
    captions = {query.group: query.inputs["text"] for query in reversed(data.queries)}
    return Samples(
        [Sample(s.id, {"text": captions[s.id]}, s.inputs["image"], s.id) for s in data.corpus]
    )


def _compositions() -> Samples:
    """Return prompts with requirements: a number of objects of a class."""
    clauses = [{"class": "bench", "count": 1}, {"class": "clock", "count": 2}]
    return Samples(
        [
            msgspec.structs.replace(
                sample,
                inputs=sample.inputs | {"requirements": _requirements("ab"[i % 2], clauses[i % 2])},
                tags={"tag": "ab"[i % 2]},
            )
            for i, sample in enumerate(_prompts().samples)
        ]
    )


def _requirements(tag: str, clause: dict[str, object]) -> str:
    return msgspec.json.encode({"tag": tag, "include": [clause]}).decode()


def _published(spec: TaskSpec) -> Samples:
    """Return data in the form of published annotation files, for the kind and metrics of a task."""
    data = _by_kind(spec)
    return Samples(
        [
            msgspec.structs.replace(
                sample, tags={tag: f"{tag} {i % 3}" for tag in spec.breakdowns} | sample.tags
            )
            for i, sample in enumerate(data.samples)
        ]
    )


def _matches(spec: TaskSpec) -> Samples:
    """Return images with captions, in the fields of a matching task; no two captions are equal."""
    data = example()
    captions = [str(query.inputs["text"]) for query in data.queries[::5]]
    samples = []
    for i, image in enumerate(data.corpus):
        images = [name for name in spec.fields if not name.startswith("text")]
        texts = [name for name in spec.fields if name.startswith("text")]
        inputs = {
            spec.fields[name]: data.corpus[(i + at) % COUNT].inputs["image"]
            for at, name in enumerate(images)
        }
        inputs |= {spec.fields[name]: captions[(i + at) % COUNT] for at, name in enumerate(texts)}
        samples.append(Sample(image.id, inputs, group=image.id))
    return Samples(samples)


def _by_kind(spec: TaskSpec) -> Samples:
    if spec.kind == "matching":
        return _matches(spec)
    if spec.kind == "drawing":
        return _prompts()
    if spec.kind == "speaking" or any(metric.startswith("wer") for metric in spec.metrics):
        return _spoken()
    if any(metric.startswith("sacrebleu") for metric in spec.metrics):
        return _translations()
    if any(metric.startswith(("bleu", "cider")) for metric in spec.metrics):
        return _captions(spec)
    for prefix, build in _BY_METRIC.items():
        if any(metric.startswith(prefix) for metric in spec.metrics):
            return build()
    return answers(spec)


_BY_METRIC: dict[str, Callable[[], Samples]] = {
    "vqa_accuracy": vqa,
    "hallusion_accuracy": figures,
    "mmstar_accuracy": lambda: questions(lambda i: "ABCD"[i % 4]),
}


_BUILDERS: dict[str, Callable[[TaskSpec], Dataset]] = {
    **dict.fromkeys(("coco", "folder", "table", "hf", "pairs", "own-pairs"), _pairs),
    "captions": _captions,
    "vqa": lambda _: vqa(),
    "pope": lambda _: pope(),
    "answers": answers,
    "transcripts": lambda _: _transcripts(),
    "translations": lambda _: _translations(),
    **dict.fromkeys(("labels", "own-classes"), _labels),
    **dict.fromkeys(("labelled", "class_folders", "cifar", "voc", "audioset", "charades"), _labels),
    "captioned": _pairs,
    **dict.fromkeys(("cirr", "fashioniq"), _composed),
    "images": lambda _: _images(),
    "ratings": lambda _: _ratings(),
    "geneval": lambda _: _compositions(),
    **dict.fromkeys(("meetings", "diarisation"), lambda _: _sessions()),
    **dict.fromkeys(
        ("listing", "rows", "fsdd", "coco-prompts", "mmbench", "mvbench", "aro"), _published
    ),
}
