"""The kind matching: requests, scores of pairs, failures, and outputs of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.matching import Matching, MatchingOptions
from mmbench.protocols import Embeds, Rates
from mmbench.types import (
    ContinuationRequest,
    InvalidContent,
    Media,
    Message,
    Outputs,
    Sample,
    TaskSpec,
    VectorOutputs,
)
from tests.support.checkpoints import chat
from tests.support.command_line import run_record
from tests.support.layouts import composition

TWO = {"image_1": "image_1", "image_2": "image_2", "text_1": "text_1", "text_2": "text_2"}
ONE = {"image": "image", "text_1": "text_1", "text_2": "text_2"}


def kind(fields: dict[str, str], **options: Any) -> Matching:
    spec = TaskSpec(
        "t", "matching", {"source": "x"}, fields, ["text_score"], "text_score",
        options=MatchingOptions(**options),
    )  # fmt: skip
    return Matching(spec)


def sample(ident: str, images: int = 2, texts: int = 2) -> Sample:
    names = ["image"] if images == 1 else [f"image_{n}" for n in range(1, images + 1)]
    inputs: dict[str, Any] = {name: Media("image", f"{ident}-{name}.png") for name in names}
    inputs |= {f"text_{n}": f"caption {n} of {ident}" for n in range(1, texts + 1)}
    return Sample(ident, inputs)


DATA = Samples([sample("a"), sample("b")])
OTHERS = InvalidContent("gone")


def vectors(*rows: list[float], failures: dict[int, str] | None = None) -> VectorOutputs:
    return VectorOutputs(np.array(rows, np.float32), failures or {})


def values(predictions: Any) -> list[Any]:
    return [p.value if p.error is None else p.error for p in predictions.each()]


def test_each_image_and_each_text_is_embedded_once_in_order() -> None:
    requests = kind(TWO, prompt="a photo: {text}").requests(DATA, 0)
    assert [m.name for m in requests["media"].contents] == [
        "a-image_1.png", "a-image_2.png", "b-image_1.png", "b-image_2.png",
    ]  # fmt: skip
    assert requests["text"].contents[3] == "a photo: caption 2 of b"
    assert (requests["media"].modality, requests["text"].role) == ("image", "query")


def test_scores_are_the_cosines_of_all_pairs() -> None:
    rng = np.random.default_rng(0)
    media, texts = (rng.normal(size=(4, 5)).astype(np.float32) for _ in range(2))
    responses = {"media": VectorOutputs(media, {}), "text": VectorOutputs(texts, {})}
    first, second = kind(TWO).predictions(DATA, responses).each()
    assert first.value == pytest.approx((media[:2] @ texts[:2].T).ravel(), abs=1e-5)
    assert second.value == pytest.approx((media[2:] @ texts[2:].T).ravel(), abs=1e-5)
    assert first.target == [[1, 0], [0, 1]]


@pytest.mark.parametrize("d", [3, 64, 500, 513, 768])
def test_equal_texts_have_exactly_equal_scores(d: int) -> None:
    """As a strict comparison needs; a matrix product may differ in the last bit."""
    rng = np.random.default_rng(d)
    media, text = rng.normal(size=(4, d)).astype(np.float32), rng.normal(size=d).astype(np.float32)
    responses = {
        "media": VectorOutputs(media, {}),
        "text": VectorOutputs(np.stack([text] * 4), {}),
    }
    for value in values(kind(TWO).predictions(DATA, responses)):
        assert value[0] == value[1]
        assert value[2] == value[3]


def test_a_failed_content_fails_its_sample_only() -> None:
    ones = vectors([1, 0], [0, 1], [1, 0], [0, 1])
    broken = vectors([1, 0], [0, 1], [1, 0], [0, 0], failures={3: "cut off"})
    for responses in ({"media": broken, "text": ones}, {"media": ones, "text": broken}):
        found = kind(TWO).predictions(DATA, responses)
        assert values(found)[1] == "cut off"
        assert values(found)[0].tolist() == [1, 0, 0, 1]
        assert found.failures == [("b", "cut off")]


def test_a_sample_may_lack_some_of_the_numbered_texts() -> None:
    fields = {"image": "image", **{f"text_{n}": f"text_{n}" for n in (1, 2, 3)}}
    data = Samples([sample("a", 1, 3), sample("b", 1, 2)])
    oracle = list(kind(fields).baseline("oracle", data, 0).each())
    assert [p.target for p in oracle] == [[[1, 0, 0]], [[1, 0]]]
    assert [p.value.tolist() for p in oracle] == [[1, 0, 0], [1, 0]]


def test_likelihood_asks_about_each_pair() -> None:
    asked = kind(TWO, pair_score="likelihood", prompt="Is it {text}?", answer="Yes")
    requests = asked.requests(DATA, 0)["pair"]
    assert len(requests.contents) == 8
    image, text = DATA.samples[0].inputs["image_1"], "Is it caption 2 of a?"
    assert requests.contents[1] == ContinuationRequest((Message("user", (image, text)),), "Yes")
    rated = np.log([[0.5, 1], [0.25, 1], [0.125, 1], [1, 1]] * 2, dtype=np.float32)
    rated[:, 1] = [1, 2, 1, 1, 1, 1, 1, 1]
    first, second = asked.predictions(DATA, {"pair": VectorOutputs(rated, {6: "no"})}).each()
    assert first.value == pytest.approx([0.5, 0.5, 0.125, 1], rel=1e-6)
    assert second.error == "no"


def test_what_a_model_needs() -> None:
    assert kind(TWO).needs() == (Embeds, {"image", "text"})
    assert kind(TWO, pair_score="likelihood").needs() == (Rates, {"image"})


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]),
        ([[0.1, 0.2], [0.3, 0.4]], [0.1, 0.2, 0.3, 0.4]),
        (["1", "0", "0", "1"], [1, 0, 0, 1]),  # integers of a JSON file
        ([0.1, 0.2, 0.3, float("nan")], "a score is NaN or infinite"),
        (OTHERS, "gone"),
    ],
)
def test_outputs_of_other_programs(output: Any, expected: Any) -> None:
    given = Outputs(values={"a": output, "b": [0.0] * 4})
    first, _ = values(kind(TWO).accept(*DATA.match(given)))
    assert (first if isinstance(first, str) else first.tolist()) == expected


@pytest.mark.parametrize("output", ["a text", [0.1, 0.2], {"x": 1.0}, [[0.1, 0.2, 0.3, 0.4]], 7])
def test_outputs_of_another_size_are_refused(output: Any) -> None:
    given = Outputs(values={"a": [0.0] * 4, "b": output})
    with pytest.raises(DataError, match="the output for b is not a list of 4 scores"):
        kind(TWO).accept(*DATA.match(given))


def test_baselines_do_not_depend_on_the_order() -> None:
    random = values(kind(TWO).baseline("random", DATA, 1))
    turned = values(kind(TWO).baseline("random", Samples(DATA.samples[::-1]), 1))
    assert [one.tolist() for one in random] == [one.tolist() for one in turned[::-1]]
    assert not any(map(np.any, values(kind(TWO).baseline("constant", DATA, 0))))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"image": "image", "text": "text"},
        {"text_1": "a", "text_2": "b", "text_3": "c"},
        {"image_1": "a", "video_2": "b", "text_1": "c"},
        {"image": "a", "image_1": "b", "text_1": "c"},
        {"image": "a", "caption_1": "b", "text_2": "c"},
    ],
)
def test_fields_that_are_no_pairs_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(SpecError, match="fields of a matching task must be images"):
        kind(fields)


def test_a_prompt_without_a_slot_is_refused() -> None:
    with pytest.raises(SpecError, match=r"has no \{text\}; add it"):
        kind(TWO, prompt="Is it so?")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"image": "a text", "text_1": "a", "text_2": "b"}, "image of sample a is a text"),
        (
            {"image": Media("image", "x"), "text_1": Media("image", "y"), "text_2": "b"},
            "not a text",
        ),
        ({"image": Media("image", "x"), "text_1": "b"}, "sample a has no text_2"),
    ],
)
def test_unusable_inputs_are_refused(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        kind(ONE).requests(Samples([Sample("a", inputs)]), 0)


def test_a_chat_model_runs_winoground_by_likelihood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    composition.winoground(tmp_path)
    chat.llava(tmp_path / "model")
    command = ["run", "-m", f"llava@{tmp_path / 'model'}", "-t", "winoground-vqascore"]
    command += ["--data", str(tmp_path), "--device", "cpu", "--dtype", "float32"]
    record = run_record(capsys, *command, "--allow-failed", "1", "--out", str(tmp_path / "out"))
    assert record["counts"]["failed"] == 1
    assert "pairs=likelihood" in record["scores"]["group_score"]["signature"]
