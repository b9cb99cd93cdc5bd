"""Pairwise preference: a model, or another program, chooses the better of two answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import fmean

import msgspec

import mmbench
from mmbench import Media, Prediction, Sample, Samples, Score
from mmbench.errors import DataError
from mmbench.kinds import PerSample, each_output, generated
from mmbench.protocols import Responses, Writes, declare_source
from mmbench.stats import score
from mmbench.types import (
    Content,
    GeneratedText,
    GenerationConfig,
    InvalidContent,
    KindOptions,
    Message,
    Modality,
    Outputs,
    Requests,
)

TASK = Path(__file__).with_suffix(".yaml")
# A letter that stands alone: "A", "(b)", "Answer: A.", "A is better"; not "A good answer would be".
VERDICT = re.compile(r"\W*(?:answer\W+)?(a|b|tie)(?:\W*$|[\n.,:;)\]*]|\s+is\b)", re.IGNORECASE)


class PreferenceOptions(KindOptions, frozen=True):
    both_orders: bool = True  # ask each pair twice, the second time with the answers swapped
    ties: bool = False  # the judge may answer `tie`
    generation: GenerationConfig = GenerationConfig(max_tokens=16)


class Preference(PerSample):
    """Targets are `a`, `b` or `tie`; values are a verdict per order, `a,b`; `?` is no verdict."""

    Options = PreferenceOptions
    options: PreferenceOptions
    sample_requests = ("shown", "swapped")
    ability = Writes
    no_answer = ""

    def requests(self, data: Samples, seed: int, /) -> dict[str, Requests]:
        options = self.options.generation.seeded(seed)
        image = any("image" in sample.inputs for sample in data.samples)
        modality: Modality = "image" if image else "text"
        orders = [self._questions(data, order) for order in ("ab", "ba")[: self._orders]]
        return {
            name: Requests(questions, modality, method="write", options=options)
            for name, questions in zip(self.sample_requests, orders, strict=False)
        }

    def values(self, data: Samples, responses: Responses, /) -> Sequence[object]:
        failed = dict(self.failures(data, responses))
        orders = zip(*(generated(responses, name).values for name in responses), strict=True)
        pairs = zip(data.samples, orders, strict=True)
        return [
            InvalidContent(failed[s.id]) if s.id in failed else self._value(*o) for s, o in pairs
        ]

    def accepted(self, data: Samples, outputs: Outputs, /) -> Sequence[object]:
        return each_output(self.task, data, outputs, self._output)

    def baseline_values(self, name: str, data: Samples, seed: int, /) -> Sequence[object]:
        return [",".join(_baseline(name, one, seed)[: self._orders]) for one in data.samples]

    def signature(self, _data: Samples, /) -> str:
        return f"orders={self._orders}"

    @property
    def _orders(self) -> int:
        return 2 if self.options.both_orders else 1

    def _questions(self, data: Samples, order: str) -> list[tuple[Message]]:
        return [self._question(sample.inputs, *order) for sample in data.samples]

    def _question(self, inputs: dict[str, Content], first: str, second: str) -> tuple[Message]:
        reply = "A, B or tie" if self.options.ties else "A or B"
        answers = f"Answer A: {inputs[first]}\n\nAnswer B: {inputs[second]}"
        text = f"{inputs['prompt']}\n\n{answers}\n\nWhich is better? Reply with {reply}."
        image = [inputs["image"]] if "image" in inputs else []
        return (Message("user", (*image, text)),)

    def _value(self, *replies: GeneratedText) -> str:
        first, *second = (self._verdict(one.text) for one in replies)
        return ",".join([first, *({"a": "b", "b": "a"}.get(one, one) for one in second)])

    def _verdict(self, text: str) -> str:
        match = VERDICT.match(text)
        verdict = match[1].lower() if match else "?"
        return "?" if verdict == "tie" and not self.options.ties else verdict

    def _output(self, output: object, where: str) -> str:
        verdicts = output.split(",") if isinstance(output, str) else []
        if len(verdicts) != self._orders and output != "":
            expected = "two verdicts, 'a,b'" if self.options.both_orders else "a verdict, 'a'"
            raise DataError(f"{where} is {output!r}; give {expected}")
        return ",".join(map(self._verdict, verdicts if output else ["?"] * self._orders))


def _baseline(name: str, sample: Sample, seed: int) -> list[str]:
    """Return baseline verdicts in both orders: the target, the first answer, random or `?`."""
    chance = Random(f"{seed} {sample.id}").choices("ab", k=2)
    known = {"oracle": [sample.target] * 2, "constant": ["a", "b"], "random": chance}
    return known.get(name, ["?", "?"])


class Row(msgspec.Struct):
    """A row of a file: the chosen and the rejected answer, or two answers and the preferred one."""

    prompt: str
    id: str | int = ""
    chosen: str = ""
    rejected: str = ""
    answer_a: str = ""
    answer_b: str = ""
    preferred: str = ""
    image: str = ""
    subset: str = ""


@declare_source("json")
def preferences(root: Path | None) -> Samples:
    if root is None:
        raise DataError("data source preferences needs a file; pass --data FILE.jsonl")
    file = root / "pairs.jsonl" if root.is_dir() else root
    lines = enumerate(file.read_text("utf-8-sig").split("\n"), 1)
    return Samples([_sample(line, str(n), file) for n, line in lines if line.strip()])


def _sample(line: str, number: str, file: Path) -> Sample:
    try:
        row = msgspec.json.decode(line, type=Row)
    except msgspec.MsgspecError as error:
        raise DataError(f"{file}: line {number}: {error}") from error
    ident = str(row.id) or number
    answers, target = (row.answer_a, row.answer_b), row.preferred.lower()
    if row.chosen:  # the order is random, so that a judge that always prefers A gets chance
        target = Random(ident).choice("ab")
        answers = (row.chosen, row.rejected) if target == "a" else (row.rejected, row.chosen)
    if target not in ("a", "b", "tie"):
        raise DataError(
            f"{file}: line {number} needs chosen and rejected, or preferred (a, b, tie)"
        )
    inputs: dict[str, Content] = {"prompt": row.prompt, "a": answers[0], "b": answers[1]}
    if row.image:
        inputs["image"] = Media("image", str(file.parent / row.image))
    return Sample(ident, inputs, target, tags={"subset": row.subset} if row.subset else {})


@mmbench.declare(unit="fraction", better="higher", worst=0, best=1, kinds={"preference"})
def preference_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Return the share of right verdicts over all orders; a wrong `tie` counts as half."""
    rows = [fmean(_credit(v, p.target) for v in p.value.split(",")) for p in predictions]
    return score(rows, signature="ties=half")


def _credit(verdict: str, target: str) -> float:
    return 1.0 if verdict == target else 0.5 * (verdict == "tie")


@mmbench.declare(unit="fraction", better="higher", worst=0, best=1, kinds={"preference"})
def preference_consistency(predictions: Sequence[Prediction]) -> Score:
    """Return the share of pairs with the same verdict in both orders."""
    verdicts = [p.value.split(",") for p in predictions]
    if any(len(orders) < 2 for orders in verdicts):
        reason = "each pair was judged in one order; set both_orders: true"
        return score([float("nan")] * len(verdicts), reason=reason)
    return score([a == b != "?" for a, b in verdicts])
