"""Perturbation of the order of a question's options."""

from __future__ import annotations

from string import ascii_uppercase

from msgspec.structs import replace

from mmbench.datasets import lettered
from mmbench.errors import DataError
from mmbench.perturbations.texts import shuffled, text_rng
from mmbench.types import Perturbation, Sample

OPTIONS = "options"  # the input with the lettered options, and the key of the target


def with_order(sample: Sample, perturbation: Perturbation) -> Sample:
    """Return a question with its options in another order, and the new letter of the answer.

    Option i moves to position i + VALUE, modulo the number of options; with `reverse` and
    `shuffle`, the order is reversed or random. A sample without options is returned unchanged.
    Raises DataError if the prompt cannot follow: the input `options` must be the lettered options
    of the reference.
    """
    target = sample.target
    if not isinstance(target, dict) or OPTIONS not in target:
        return sample
    texts = [str(option) for option in target[OPTIONS]]
    letter = str(target.get("answer"))
    if sample.inputs.get(OPTIONS) != lettered(texts) or letter not in ascii_uppercase[: len(texts)]:
        raise DataError(
            f"sample {sample.id}: the order of its options cannot be changed, because they are not"
            f" in the input {OPTIONS!r} or its answer is not the letter of one; choose another"
            " perturbation"
        )
    order = _order(len(texts), sample.id, perturbation)
    moved = [texts[at] for at in order]
    answer = ascii_uppercase[order.index(ascii_uppercase.index(letter))]
    return replace(
        sample,
        inputs={**sample.inputs, OPTIONS: lettered(moved)},
        target={**target, "answer": answer, OPTIONS: moved},
    )


def _order(n: int, ident: str, perturbation: Perturbation) -> list[int]:
    """Return the old position of the option at each of n new positions."""
    match perturbation.value:
        case "reverse":
            return [*reversed(range(n))]
        case "shuffle":
            names = [f"{at:02}" for at in range(n)]
            return [*map(int, shuffled(names, text_rng(perturbation.seed, OPTIONS, ident)))]
        case places:
            return [(at - int(places)) % n for at in range(n)]
