"""Live models: identity by weights, no stale answers, evaluation mode, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import mmbench
from mmbench.engine.loading.models.live_state import evaluation_mode, state_hash
from mmbench.errors import ModelError, UserError
from mmbench.reports.command import repeat_command
from tests.support.layouts.coco import make_coco
from tests.support.toy_models import COLOURS

SCORE = "recall@1[text-to-image]"
BEST = 0.5  # two images have each colour


class Net(nn.Module):
    """Maps counts of colour names to colours; the dropout would ruin any embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3, bias=False)
        nn.init.eye_(self.linear.weight)
        self.dropout = nn.Dropout(0.99)

    def forward(self, counts: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.dropout(self.linear(counts))
        return found


class Wrapper:
    """The ability of a network, as a user wraps it."""

    modalities = frozenset({"text", "image"})
    calls = 0

    def __init__(self, net: Any) -> None:
        self.net = net

    def embed(self, items: Any, modality: str, role: str) -> Any:
        Wrapper.calls += 1
        if modality == "image":
            return np.stack([np.asarray(i, np.float32).mean((0, 1)) / 255 for i in items])
        counts = [[0.01 + text.count(name) for name in COLOURS] for text in items]
        return self.net(torch.tensor(counts)).numpy()  # fails while gradients are recorded


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_coco(tmp_path / "coco")


def evaluate(model: Any, data: Path, **flags: Any) -> mmbench.RunRecord:
    return mmbench.evaluate(model, "coco-retrieval", data=data, **flags).record


def value(record: mmbench.RunRecord) -> float:
    found = record.scores[SCORE].value
    assert found is not None
    return found


def test_each_step_of_a_training_has_its_own_answers(data: Path) -> None:
    net = Net()
    model = Wrapper(net)
    first = evaluate(model, data)
    with torch.no_grad():
        net.linear.weight.copy_(torch.eye(3).roll(1, 0))  # colours of other names
    second = evaluate(model, data)
    assert value(first) == BEST and value(second) == 0
    assert first.model.hash != second.model.hash
    assert (second.counts["computed"], second.counts["cached"]) == (18, 0)
    with torch.no_grad():
        net.linear.weight.copy_(torch.eye(3))
    third = evaluate(model, data)
    assert third.model.hash == first.model.hash and third.scores == first.scores
    assert third.counts["cached"] == 0  # nothing says that its code is the same


def test_a_declared_identity_is_cached_until_the_weights_change(data: Path) -> None:
    net = Net()
    model = Wrapper(net)
    model.identity = "mean colours, version 1"  # type: ignore[attr-defined]
    first = evaluate(model, data)
    calls = Wrapper.calls
    assert evaluate(model, data).counts == {**first.counts, "computed": 0, "cached": 18}
    model.seen = 18  # type: ignore[attr-defined]  # a counter is no weight
    assert evaluate(model, data).counts["cached"] == 18
    assert Wrapper.calls == calls
    with torch.no_grad():
        net.linear.weight[0, 0] += 1e-6
    changed = evaluate(model, data)
    assert changed.counts["cached"] == 0 and changed.model.hash != first.model.hash
    model.identity = "mean colours, version 2"  # type: ignore[attr-defined]
    assert evaluate(model, data).model.hash != changed.model.hash


def test_an_object_without_weights_is_new_in_each_run(data: Path) -> None:
    class Rule(Wrapper):
        def __init__(self) -> None:
            pass

        def net(self, counts: torch.Tensor) -> torch.Tensor:
            return counts

    runs = [evaluate(Rule(), data) for _ in range(2)]
    assert runs[0].model.hash != runs[1].model.hash
    assert [run.counts["cached"] for run in runs] == [0, 0]
    assert runs[0].scores == runs[1].scores


def test_a_module_is_evaluated_without_dropout_and_trained_on_with_it(data: Path) -> None:
    net = Net()
    net.linear.eval()  # a user froze this part
    random = torch.get_rng_state()
    assert value(evaluate(Wrapper(net), data)) == BEST
    assert (net.training, net.dropout.training, net.linear.training) == (True, True, False)
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.is_grad_enabled()


def test_the_mode_is_restored_after_an_error() -> None:
    net = Net()
    with pytest.raises(ZeroDivisionError), evaluation_mode(Wrapper([net])):
        assert not net.dropout.training
        _ = 1 / 0
    assert net.training and net.dropout.training


def test_training_goes_on_after_an_evaluation(data: Path) -> None:
    net = Net()
    for _ in range(2):
        evaluate(Wrapper(net), data)
        loss = net(torch.ones(4, 3)).square().sum()
        (gradient,) = torch.autograd.grad(loss, net.linear.weight)
        with torch.no_grad():
            net.linear.weight -= 0.1 * gradient


def test_a_module_may_have_the_ability_itself(data: Path) -> None:
    class Module(Net):
        modalities = frozenset({"text", "image"})

        def embed(self, items: Any, modality: str, role: str) -> Any:
            return Wrapper(self).embed(items, modality, role)

    module = Module()
    record = evaluate(module, data)
    assert (record.model.name, record.model.adapter, value(record)) == ("Module", "live", BEST)
    assert record.model.dtype == "float32"


WEIGHTS: list[Any] = [
    np.arange(6.0).reshape(2, 3),
    torch.arange(6.0).reshape(2, 3),
    torch.arange(6.0, dtype=torch.bfloat16),
    torch.tensor(3.0),
    torch.eye(3).to_sparse(),
    torch.tensor([True, False]),
    torch.tensor([1 + 2j]),
]


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_a_hash_follows_the_weights_and_the_plain_attributes(weights: Any) -> None:
    def state(weights: Any, scale: float = 1.0, parts: Any = ()) -> str | None:
        model = Wrapper({"a": [weights]})
        model.scale, model.parts = scale, parts  # type: ignore[attr-defined]
        return state_hash(model)

    copied = weights.copy() if isinstance(weights, np.ndarray) else weights.clone()
    assert state(weights) == state(copied) is not None
    other = ~weights if weights.dtype == torch.bool else weights * 2
    assert len({state(weights), state(other), state(weights, 2.0), state(weights, 1.0, [1])}) == 4
    flat = weights.ravel() if weights.ndim > 1 and not getattr(weights, "is_sparse", False) else 0
    assert state(weights) != state(flat)


def test_buffers_and_modules_in_lists_are_weights() -> None:
    net = nn.BatchNorm1d(3)
    before = state_hash(Wrapper([net]))
    net(torch.randn(8, 3))  # the running mean is no parameter
    assert state_hash(Wrapper([net])) != before
    assert state_hash(Wrapper(object())) is None


def test_names_and_checkpoints(data: Path, tmp_path: Path) -> None:
    net = Net()
    board = tmp_path / "board"
    for epoch in range(3):
        with torch.no_grad():
            net.linear.weight.copy_(torch.eye(3).roll(2 - epoch, 0))
        record = evaluate(Wrapper(net), data, name=f"net@epoch-{epoch}", out=board)
        assert (record.model.name, record.model.checkpoint) == ("net", f"epoch-{epoch}")
    found = mmbench.history("coco-retrieval", out=board)
    assert [point.step for point in found.points] == [0, 1, 2]
    assert {point.line for point in found.points} == {0}
    assert found.points[-1].value == BEST
    command = repeat_command(record)
    assert command.text.startswith("mmbench run -m MODEL -t coco-retrieval")
    assert "object of a Python program" in " ".join(command.missing)


def test_what_is_no_model_is_refused(data: Path) -> None:
    with pytest.raises(ModelError, match=r"the class Wrapper; give an object, Wrapper\(…\)"):
        evaluate(Wrapper, data)
    with pytest.raises(ModelError, match="the model is a Net, without any of the methods embed"):
        evaluate(Net(), data)

    class Silent:
        def embed(self, items: Any, modality: str, role: str) -> Any: ...

    with pytest.raises(ModelError, match=r"model Silent has no `modalities`; declare a set"):
        evaluate(Silent(), data)
    with pytest.raises(UserError, match=r"needs a model that can write.*; mine cannot write; try"):
        mmbench.evaluate(Wrapper(Net()), "answers", name="mine")
    for setting in ({"device": "cpu"}, {"dtype": "float16"}, {"model_args": {"a": 1}}):
        with pytest.raises(UserError, match=f"`{min(setting)}` is for named models; set it in the"):
            evaluate(Wrapper(Net()), data, **setting)
    with pytest.raises(UserError, match="`name` is the name of an object"):
        evaluate("clip-nano", data, name="x")
