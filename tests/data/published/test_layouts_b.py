"""Published data sets in miniature, read by the packaged tasks: texts, speech, drawings."""

import json
from shutil import rmtree

import pytest

from mmbench import evaluate
from mmbench.data.published.coco_prompts import coco_prompts
from mmbench.data.published.mmbench_tsv import mmbench
from mmbench.data.published.spoken_digits import fsdd
from mmbench.data.sources.row_samples import listing
from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import DataError, SpecError, UnknownName, UserError
from mmbench.kinds.conversation import PromptOptions, conversation
from mmbench.media import decode_image, read_bytes, square
from mmbench.spec import load_task
from mmbench.types import InvalidContent, Media
from tests.support import toy_models  # noqa: F401 - registers models
from tests.support.files import write_file
from tests.support.layouts import captions, questions, speech
from tests.support.media.images import png


def loaded(task, root):
    data = load_data(load_task(task), root)
    assert isinstance(data, Samples)
    return data.samples


def places(samples, name):
    return [sample.inputs[name].name for sample in samples]


def asked(task, sample):
    spec = load_task(task)
    ((turn),) = conversation(spec, spec.options_of(PromptOptions).prompt, sample)
    return list(turn.parts)


def test_scienceqa(tmp_path):
    questions.scienceqa(tmp_path)
    samples = loaded("scienceqa", tmp_path)
    assert [sample.id for sample in samples] == ["4", "11", "12"]
    first, text_only, lost = samples
    assert first.target == {"answer": "B", "options": ["ice", "fire"]}
    assert first.tags == {"subject": "natural science", "grade": "grade4"}
    question = "Which one?\nA. ice\nB. fire\nAnswer with the option's letter from the given"
    image, text = asked("scienceqa", first)
    assert image == Media("image", str(tmp_path / "images/test/4/image.png"))
    assert text == f"{question} choices directly."
    assert "image" not in text_only.inputs
    assert len(asked("scienceqa", text_only)) == 1
    assert lost.inputs["image"].name == str(tmp_path / "images/test/12/image.png")


@pytest.mark.parametrize("part", ["clean", "other"])
def test_librispeech(tmp_path, part):
    speech.librispeech(tmp_path)
    inside = tmp_path / "LibriSpeech"
    for root in (tmp_path, inside, inside / f"test-{part}"):
        first, second = loaded(f"librispeech-{part}", root)
        assert (first.id, first.target, first.group) == ("84-121123-0000", f"GO {part}", "84")
        assert first.inputs["audio"].name.endswith(f"test-{part}/84/121123/84-121123-0000.flac")
        assert isinstance(second.inputs["audio"], InvalidContent)
    assert asked(f"librispeech-{part}", first) == [first.inputs["audio"]]


@pytest.mark.parametrize("root", ["", "LibriSpeech", "LibriSpeech/test-clean"])
def test_another_part_of_librispeech_is_not_taken_for_the_one_asked(tmp_path, root):
    speech.librispeech(tmp_path)
    rmtree(tmp_path / "LibriSpeech/test-other")
    with pytest.raises(DataError, match="is or has test-clean, not test-other; give --data FOLDER"):
        loaded("librispeech-other", tmp_path / root)
    assert len(loaded("librispeech-clean", tmp_path / root)) == 2


def test_fsdd(tmp_path):
    speech.fsdd(tmp_path)
    samples = loaded("fsdd", tmp_path)
    assert samples == fsdd(tmp_path / "recordings").samples
    assert {sample.id: (sample.target, sample.group) for sample in samples} == {
        "0_theo_4": ("zero", "theo"),
        "3_nicolas_0": ("three", "nicolas"),
        "7_jackson_32": ("seven", "jackson"),
    }
    assert [sample.id for sample in fsdd(tmp_path, split="train").samples] == ["7_jackson_32"]
    assert len(fsdd(tmp_path, split="test").samples) == 2
    with pytest.raises(UnknownName, match="did you mean test"):
        fsdd(tmp_path, split="tets")
    write_file(tmp_path / "recordings/seven.wav", b"")
    with pytest.raises(DataError, match=r"seven\.wav: the name is not DIGIT_SPEAKER_INDEX"):
        fsdd(tmp_path)


def test_coco_prompts(tmp_path):
    captions.coco(tmp_path)
    data = coco_prompts(tmp_path, images=3)
    samples = {sample.id: sample for sample in data.samples}
    assert samples.keys() == {"42", "73", "74"}
    assert all(s.inputs["text"].endswith(f" of {id}") for id, s in samples.items())
    small = square(samples["42"].target, 5)
    image = decode_image(read_bytes(small), "x")
    assert (image.size, image.getpixel((2, 2))) == ((5, 5), (42, 42, 42))
    assert small.name.endswith("COCO_val2014_000000000042.jpg at 5 px")
    two = coco_prompts(tmp_path, images=2).samples
    assert [s.id for s in two] == [s.id for s in data.samples[:2]]
    whole = {sample.id: sample.target for sample in coco_prompts(tmp_path).samples}
    assert decode_image(read_bytes(whole["42"]), "x").size == (10, 6)
    with pytest.raises(DataError, match="has 3 images with a caption, but 30,000 images are"):
        loaded("coco-draw", tmp_path)


def test_coco_prompts_beside_the_file_of_karpathy(tmp_path):
    captions.coco(tmp_path)
    sentences = [{"raw": "another", "sentid": 1}]
    image = {"filename": "COCO_val2014_000000000042.jpg", "filepath": "val2014", "cocoid": 42}
    karpathy = {"images": [image | {"split": "test", "sentences": sentences}], "dataset": "coco"}
    write_file(tmp_path / "dataset_coco.json", karpathy)
    assert {s.id for s in coco_prompts(tmp_path).samples} == {"42", "73", "74"}
    (found,) = coco_prompts(tmp_path, split="test").samples
    assert found.inputs["text"] == "another"


def test_coco_prompts_of_another_split_are_not_taken(tmp_path):
    captions.coco(tmp_path)
    train = tmp_path / "annotations/captions_train2014.json"
    (tmp_path / "annotations/captions_val2014.json").rename(train)
    with pytest.raises(
        DataError, match=r"has captions_train2014\.json, but no captions_val2014\.js"
    ):
        coco_prompts(tmp_path, images=2)
    assert len(coco_prompts(train, images=2).samples) == 2


def test_nocaps(tmp_path):
    captions.nocaps(tmp_path)
    first, second = loaded("nocaps", tmp_path)
    assert first.target == ["a caption 0", "a caption 2", "a caption 4"]
    assert second.tags == {"domain": "out-domain"}
    assert (first.id, first.group) == ("0", "0")
    assert places([first, second], "image") == [
        str(tmp_path / f"val/{i:016x}.jpg") for i in range(2)
    ]
    assert asked("nocaps", first)[1] == "Provide a one-sentence caption for the provided image."


def test_flickr30k_captions(tmp_path):
    captions.flickr30k(tmp_path)
    (sample,) = loaded("flickr30k-caption", tmp_path)
    assert (sample.id, sample.target) == ("1", ["sentence 1"])


def test_clotho_captions(tmp_path):
    captions.clotho(tmp_path)
    samples = loaded("clotho-caption", tmp_path)
    assert [sample.id for sample in samples] == ["a water, loud.wav", "b water, loud.wav"]
    assert samples[1].target == [f"b, {i}" for i in range(5)]
    # The second is not there: it is looked for where the first one is, and fails when it is read.
    assert places(samples, "audio") == [str(tmp_path / "evaluation" / s.id) for s in samples]
    assert samples[0].inputs["audio"].modality == "audio"


def test_msrvtt_captions(tmp_path):
    captions.msrvtt(tmp_path)
    samples = loaded("msrvtt-caption", tmp_path)
    assert [(sample.id, sample.target) for sample in samples] == [
        ("video7010", ["video7010 0", "video7010 1"]),
        ("video7011", ["video7011 0", "video7011 1"]),
    ]
    video = Media("video", str(tmp_path / "videos/all/video7010.mp4"))
    assert samples[0].inputs == {"video": video}


@pytest.mark.parametrize(
    ("task", "make", "ident", "target", "image", "tags"),
    [
        (
            "gqa",
            questions.gqa,
            "201307251",
            "blue",
            "images/n161313.jpg",
            {"structural": "query", "semantic": "attr"},
        ),
        (
            "textvqa",
            questions.textvqa,
            "34602",
            ["nous les gosses"] * 9 + ["dakota"],
            "train_images/003a8ae2ef43b901.jpg",
            {},
        ),
        (
            "docvqa",
            questions.docvqa,
            "49153",
            ["0.28", ".28"],
            "spdocvqa_images/pybv0228_81.png",
            {},
        ),
        ("chartqa", questions.chartqa, "human/0", "14", "test/png/human.png", {"set": "human"}),
    ],
)
def test_questions_about_images(tmp_path, task, make, ident, target, image, tags):
    make(tmp_path)
    sample = loaded(task, tmp_path)[0]
    assert (sample.id, sample.target, sample.tags) == (ident, target, tags)
    found, text = asked(task, sample)
    assert (found.modality, found.name.replace("spdocvqa_qas/../", "")) == (
        "image",
        str(tmp_path / image),
    )
    # lmms-eval's, each its own.
    short = "with a single word." if task == "chartqa" else "using a single word or phrase."
    assert text.endswith(f"?\nAnswer the question {short}")


def test_mmbench_rotations_that_are_made(tmp_path):
    questions.mmbench(tmp_path)
    samples = loaded("mmbench-en", tmp_path)
    ids = ["241", "241/1", "241/2", "252", "252/1", "252/2", "252/3"]
    assert [sample.id for sample in samples] == ids
    assert {sample.group for sample in samples} == {"241", "252"}
    turns = [sample.target for sample in samples[:3]]
    assert [turn["options"] for turn in turns] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
    ]
    assert [t["options"]["ABC".index(t["answer"])] for t in turns] == ["c"] * 3
    assert samples[1].inputs["options"] == "A. b\nB. c\nC. a"
    assert samples[0].inputs["question"] == "A hint,\nof two lines\nWhich?"
    assert samples[3].inputs["question"] == 'What is "it"?'
    assert {read_bytes(sample.inputs["image"]) for sample in samples} == {png(7)}
    assert samples[0].tags == {"category": "nature", "l2-category": "attribute_reasoning"}
    assert len(mmbench(tmp_path, circular=False).samples) == 2


def test_mmbench_without_a_clear_answer_is_not_rotated(tmp_path):
    """The answer is the text of two options: the question fails, once, and the other is asked."""
    questions.mmbench(tmp_path)
    (file,) = tmp_path.glob("*.tsv")
    file.write_text(file.read_text().replace("\ta\tb\tc\t\tC\t", "\tx\tx\tc\t\tx\t"))
    broken, *others = mmbench(tmp_path).samples
    assert broken.id == "241" and isinstance(broken.target, InvalidContent)
    assert [sample.id for sample in others] == ["252", "252/1", "252/2", "252/3"]


def test_mmbench_rotations_that_are_there(tmp_path):
    questions.mmbench_circular(tmp_path)
    first, again, lost = mmbench(tmp_path).samples
    assert [(s.id, s.group, s.target["answer"]) for s in (first, again)] == [
        ("3", "3", "A"),
        ("1000003", "3", "B"),
    ]
    assert read_bytes(again.inputs["image"]) == png(7)
    assert isinstance(lost.inputs["image"], InvalidContent)
    file = tmp_path / "MMBench_DEV_EN.tsv"
    file.write_text(file.read_text().replace("iVBOR", "iV*OR"))
    with pytest.raises(DataError, match="image is not base64"):
        mmbench(file)


@pytest.mark.parametrize(
    ("make", "video"),
    [
        (questions.msvd_qa, "video/vid1451.avi"),
        (questions.msvd_qa_clips, "YouTubeClips/zv2RIbUsnSw_335_341.avi"),
    ],
)
def test_msvd_qa(tmp_path, make, video):
    make(tmp_path)
    (sample,) = loaded("msvd-qa", tmp_path)
    assert (sample.id, sample.target, sample.group) == ("37", "chew", "1451")
    assert sample.inputs["video"] == Media("video", str(tmp_path / video))


def test_clotho_aqa(tmp_path):
    questions.clotho_aqa(tmp_path)
    samples = loaded("clotho-aqa", tmp_path)
    assert [(s.id, s.target, s.group) for s in samples] == [
        ("0", "yes", "a.wav"),
        ("1", "no", "a.wav"),
        ("2", "yes", "a.wav"),
    ]
    assert samples[0].tags == {"confidence": "maybe"}


def test_common_voice(tmp_path):
    speech.common_voice(tmp_path)
    (sample,) = loaded("common-voice", tmp_path)
    assert (sample.target, sample.group) == ('"Yes, he said.', "c0ffee")
    assert sample.inputs == {"audio": Media("audio", f"{tmp_path}/clips/common_voice_en_1.mp3")}


def test_covost2(tmp_path):
    speech.covost2(tmp_path)
    (sample,) = loaded("covost2-en-zh", tmp_path)
    assert (sample.id, sample.target) == ("common_voice_en_1.mp3", '“是的，”"他"说。')
    assert (sample.group, set(sample.inputs)) == ("c0ffee", {"audio"})
    prompt = "Translate the speech into Chinese and only output the translation:"
    assert asked("covost2-en-zh", sample) == [sample.inputs["audio"], prompt]


def test_parti(tmp_path):
    captions.parti(tmp_path)
    first, second = loaded("parti-draw", tmp_path)
    assert (first.id, first.inputs, first.target) == ("0", {"text": "bond"}, None)
    assert second.inputs == {"text": '"Fly", a sign says'}
    assert second.tags == {"category": "Outdoor Scenes", "challenge": "Complex"}


def test_ljspeech(tmp_path):
    speech.ljspeech(tmp_path)
    samples = loaded("ljspeech-speak", tmp_path)
    assert (len(samples), samples[0].id) == (250, "LJ001-0002")
    assert samples[-1].inputs["text"] == samples[-1].target == 'In nineteen 251 "so'
    assert samples[-1].inputs["audio"].name.endswith("LJSpeech-1.1/wavs/LJ001-0251.wav")


def test_seed_tts(tmp_path):
    speech.seed_tts(tmp_path)
    first, *others = loaded("seed-tts-en", tmp_path)
    assert (first.id, first.target) == ("common_voice_en_10-9", 'Text 0, "so')
    prompt = Media("audio", f"{tmp_path}/en/prompt-wavs/common_voice_en_10.wav")
    assert first.inputs == {"text": 'Text 0, "so', "prompt_audio": prompt}
    assert len(others) == 2


@pytest.mark.parametrize(
    ("task", "make", "counts"),
    [
        ("scienceqa", questions.scienceqa, (3, 1)),
        ("mmbench-en", questions.mmbench, (7, 0)),
        ("chartqa", questions.chartqa, (2, 0)),
        ("fsdd", speech.fsdd, (3, 0)),
        ("clotho-aqa", questions.clotho_aqa, (3, 0)),
    ],
)
def test_a_model_is_asked_and_what_is_not_there_fails_alone(tmp_path, task, make, counts):
    make(tmp_path)
    record = evaluate("toy-echo", task, data=tmp_path, device="cpu").record
    assert (record.counts["samples"], record.counts["failed"]) == counts
    assert all("No such file" in reason for _, reason in record.failures)


ROWS = [{"id": 1, "q": "What?", "a": "yes", "n": {"x": 1}}]


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (ROWS, {"target": "answer"}, "unknown column"),
        (ROWS, {"target": "n.y"}, "unknown column"),
        (ROWS, {"target": "n"}, "x.json: $[0]: n is {'x': 1}; give a string"),
        (ROWS, {"rows": "data"}, "x.json: no entry 'data'"),
        (ROWS, {"where": {"a": "no"}}, "selects none of its 1 rows"),
        (ROWS, {"options": "q", "target": "a"}, "q is 'What?'; give a list of 2 to 26"),
        (ROWS, {"columns": {"q": ["q", "a"]}}, "q is a text input; give one column, not a list"),
        (ROWS, {"table": {"quote": False}}, "unknown key of data option table 'quote'"),
        (ROWS, {"table": {"escape": "ab"}}, "escape 'ab' is not one character, or is a quote"),
        (ROWS, {"last": 0}, "data option last is 0; give an integer of at least 1"),
        (ROWS * 2, {"id": "id"}, "repeated: 1"),
        ([1], {}, "[0] is not a mapping of columns to values"),
        ("text", {}, "is neither a list nor a mapping of rows"),
        ("[", {}, "line 1 column"),
    ],
)
def test_what_is_refused_of_listings(tmp_path, content, options, words):
    given = content if content == "[" else json.dumps(content)
    write_file(tmp_path / "x.json", given)
    with pytest.raises((UserError, SpecError)) as caught:
        listing(tmp_path, files="x.json", **options)
    assert words in str(caught.value)


def test_a_listing_without_its_file(tmp_path):
    with pytest.raises(DataError, match=r"no a\.json or b\.json; put it there"):
        listing(tmp_path, files=["a.json", "b.json"])
    with pytest.raises(DataError, match="data source listing was given no data"):
        listing(None, files="a.json")


@pytest.mark.parametrize("answer", [1, "B", "dog"])
def test_an_answer_by_place_letter_or_text(tmp_path, answer):
    write_file(tmp_path / "x.jsonl", json.dumps({"a": answer, "o": ["cat", "dog"]}))
    (sample,) = listing(tmp_path, files="x.jsonl", target="a", options="o").samples
    assert sample.target == {"answer": "B", "options": ["cat", "dog"]}


def test_where_no_medium_is_there_each_is_broken(tmp_path):
    captions.clotho(tmp_path)
    (tmp_path / "evaluation/a water, loud.wav").unlink()
    reasons = [s.inputs["audio"].reason for s in loaded("clotho-caption", tmp_path)]
    assert reasons[0] == (
        "no audio file evaluation/a water, loud.wav; give --data FOLDER with the audio files"
    )
