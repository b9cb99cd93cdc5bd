"""Names of metrics with a rubric in brackets and a model: `judge[helpfulness]@llava@DIR`."""

import pytest

from mmbench import metric_names
from mmbench.errors import UnknownName, UserError


@pytest.mark.parametrize(
    ("name", "argument", "model"),
    [
        ("judge[helpfulness]", "helpfulness", None),
        ("judge[helpfulness]@llava@DIR", "helpfulness", "llava@DIR"),
        ("judge[helpfulness]@a[1]@b#c", "helpfulness", "a[1]@b#c"),
        ("judge_kappa[answer-match]@api@m", "answer-match", "api@m"),
    ],
)
def test_the_argument_and_the_model_of_a_judge(name: str, argument: str, model: str | None) -> None:
    assert metric_names.metric(name)[1] == argument
    wants = metric_names.feature_request(name)
    assert wants is not None and (wants.model, wants.method) == (model, "write")
    assert wants.generation.max_tokens == 512
    metric_names.check_options(name, {})


def test_other_metrics_keep_their_models() -> None:
    models = {
        name: wants.model
        for name in (
            "clipscore@clip-nano",
            "clipscore",
            "fid@tf",
            "fid@clip",
            "roundtrip_wer@ctc@x",
        )
        if (wants := metric_names.feature_request(name))
    }
    default = models.pop("clipscore")
    assert default is not None and default.startswith("clip@")
    assert models == {
        "clipscore@clip-nano": "clip-nano",
        "fid@tf": "inception",
        "fid@clip": "clip",
        "roundtrip_wer@ctc@x": "ctc@x",
    }
    assert metric_names.feature_request("exact_match") is None
    assert metric_names.feature_request("recall@10") is None


def test_metrics_with_one_rubric_share_verdicts() -> None:
    requests = [
        metric_names.feature_request(f"{metric}[answer-match]")
        for metric in ("judge", "judge_kappa", "judge_ktau")
    ]
    contents = {wants.contents for wants in requests if wants}
    other = metric_names.feature_request("judge[helpfulness]")
    assert len(contents) == 1 and other is not None and other.contents not in contents


@pytest.mark.parametrize(
    "name", ["judge", "judge[]", "judge[a]b", "judge@llava", "judge[a][b]", "wer[basic]@x@y"]
)
def test_other_names_are_unknown(name: str) -> None:
    with pytest.raises(UnknownName):
        metric_names.metric(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("judge[a b]", "no valid name of a rubric"),
        ("judge[nothing]", "unknown rubric 'nothing'"),
        ("judge_kappa[preference]", "kappa compares categories"),
        ("judge_ktau[preference]", "compares scores"),
    ],
)
def test_a_rubric_that_does_not_suit_is_refused(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        metric_names.check_options(name, {})
