"""Mistakes in a plugin's reader of outputs, its metrics and its declarations: one line each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import mmbench
from mmbench import metric_names
from mmbench.datasets import RetrievalData, Samples
from mmbench.engine.context import run_context
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.engine.options import RunSettings
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.errors import DataError, UserError
from mmbench.protocols import declare, declare_source
from mmbench.stats import score
from mmbench.types import FeatureRequest, OutputContext, Outputs, Prediction, Sample, Score


@pytest.fixture(autouse=True)
def file(own_plugins: None, tmp_path: Path) -> Iterator[Path]:
    """Write a file of steps; what a test registers is gone after it."""
    path = tmp_path / "mine.steps"
    path.write_text("a: 2,1\n")
    yield path


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (None, "returned a NoneType; return mmbench.types.Outputs({id: value})"),
        ({"a": "2,1"}, "returned a dict; return mmbench.types.Outputs({id: value})"),
        (Outputs([("a", "2,1")]), "[('a', '2,1')] as values; use a dict, {id: value}"),  # type: ignore[arg-type]
        (Outputs({3: "2,1"}), "the id 3; use a str that is equal to the id"),  # type: ignore[dict-item]
        (Outputs({"a": ""}, tags={"a": "b"}), "the tags 'b'; use a dict of strings, {tag: value}"),  # type: ignore[dict-item]
        (Outputs({"a": ""}, tags={"a": {"b": 3}}), "the tags {'b': 3}; use a dict of strings"),  # type: ignore[dict-item]
        (Outputs({"a": ""}, contexts=[OutputContext(), OutputContext()]), "2 contexts; use one"),
        (Outputs({"a": ""}, notes="odd"), "'odd' as notes; use a list of strings"),  # type: ignore[arg-type]
    ],
)
def test_a_reader_that_returns_no_outputs(file: Path, returned: object, words: str) -> None:
    mmbench.register("outputs", ".steps")(lambda path: returned)
    with pytest.raises(UserError) as caught:
        read_outputs(file)
    assert str(caught.value).startswith("outputs .steps: the reader returned ")
    assert words in str(caught.value)


def test_outputs_of_another_content_are_another_model(file: Path) -> None:
    mmbench.register("outputs", ".steps")(lambda path: Outputs({"a": path.read_text()}))
    first = read_outputs(file).digest
    assert len(first) == 32
    file.write_text("a: 1,2\n")
    assert read_outputs(file).digest != first


def test_a_reader_may_give_its_own_digest(file: Path) -> None:
    mmbench.register("outputs", ".steps")(lambda path: Outputs({"a": ""}, digest="mine"))
    assert read_outputs(file).digest == "mine"


def test_extensions_have_a_dot_and_are_lower_case(file: Path) -> None:
    mmbench.register("outputs", "steps")(lambda path: Outputs())
    with pytest.raises(DataError, match=r"registered as 'steps'; register it as '\.steps'"):
        read_outputs(file)
    with pytest.raises(UserError, match=r"outputs \.Steps: extensions must be lower case"):
        mmbench.register("outputs", ".Steps")(lambda path: Outputs())
    twice = r"two outputs are called '\.csv' \(mmbench\.predictions\.readers"
    with pytest.raises(UserError, match=twice):
        mmbench.register("outputs", ".csv")(lambda path: Outputs())


def test_a_letter_of_which_nothing_is_known_after_the_name_of_a_metric() -> None:
    with pytest.raises(
        UserError, match="metric near@m: a number is written @k or @n; rename the me"
    ):
        mmbench.register("metric", "near@m")(lambda predictions, m: score([m]))


@pytest.mark.parametrize(
    ("reads", "words"),
    [
        ("jsonl", "unknown format 'jsonl'; give some of table, json, text, folder"),
        (["json"], "unknown format ['json']; give some of table"),
        (lambda root: Samples([]), "lacks parentheses; give some of table, json, text, folder"),
    ],
)
def test_formats_that_no_source_reads(reads: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        declare_source(reads)  # type: ignore[arg-type]
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([[[1.0]]], {}, "the rows have the shape (1, 1, 1); give [n] or [n, columns]"),
        (1.0, {}, "the rows have the shape (); give [n] or [n, columns]"),
        ([1.0], {"fold_name": "ratio"}, "divides column 0 by column 1; give rows [n, 2]"),
        ([1.0], {"better": "up"}, "better is 'up'; give higher or lower"),
    ],
)
def test_rows_that_no_fold_takes(rows: object, options: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match="give") as caught:
        score(rows, **options)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_a_metric_of_other_kinds_of_plugins_is_refused() -> None:
    @mmbench.register("metric", "test_tau")
    @declare(kinds={"sorting"})
    def tau(predictions: list[Prediction]) -> Score:
        return score([1.0])

    metric_names.check_metric("test_tau", "sorting")
    with pytest.raises(UserError, match="metric test_tau measures tasks of kind sorting, not ord"):
        metric_names.check_metric("test_tau", "ordering")
    metric_names.check_metric("exact_match", "ordering")  # whose answers may be texts


@pytest.mark.parametrize(
    "links", [[("q", "d")], {"q": ["d"]}, {"q": "d"}, {"q": {"d": "1"}}, {"q": {"d": None}}]
)
def test_links_of_another_form_are_refused(links: object) -> None:
    with pytest.raises(TypeError, match=r"links must be \{query id: \{document id: grade"):
        RetrievalData([Sample("q", {})], [Sample("d", {})], links)  # type: ignore[arg-type]


@pytest.mark.parametrize("contents", [["a"], {"a": "b"}, {"b": ["b"]}])
def test_contents_of_wants_are_lists_by_name(contents: object) -> None:
    wants = FeatureRequest(lambda prediction: contents, {"a": ("text", "query")}, model="clip-nano")  # type: ignore[arg-type, return-value]
    with run_context(RunSettings(device="cpu"), None) as context:
        feature_extractor = FeatureExtractor(context)
        with pytest.raises(UserError, match=r"return a dict of lists with the keys of `mod.*\(a\)"):
            feature_extractor.features("near", wants, [Prediction("1")])
