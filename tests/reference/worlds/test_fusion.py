"""Which of three differs: none of them tells alone, no sum of them says much, all is even."""

import hashlib
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from mmbench import evaluate
from mmbench.engine.loading.abilities import kind_of, required_ability
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.kinds.conversation import PromptOptions, conversation
from mmbench.reference.worlds.fusion.batch import trio_batch
from mmbench.reference.worlds.fusion.scene import ANSWERS, DECK, NUMBERS, Trio, trio_at
from mmbench.reference.worlds.fusion.sources import shapes_fusion
from mmbench.reference.worlds.splits import split_of
from mmbench.spec import load_task
from mmbench.types import Media, Sample
from tests.support.paths import ROOT
from tools.document_tasks import input_modalities

TASK = ROOT / "tasks" / "shapes-fusion.yaml"
# SHA-256 over the first 24 samples: whole numbers all the way, so these hold on every machine and
# change only when the world is changed on purpose (then the task's version does too).
GOLDEN = "4aefe3b61e98cd75fe365199a9e4691ae4bdf28d7039d10cc5bcceb929442ded"


def read(sample: Sample, name: str) -> bytes:
    medium = sample.inputs[name]
    assert isinstance(medium, Media)
    assert medium.read is not None
    return medium.read()


def said(sentence: str) -> int:
    """The number that a sentence tells, read anew."""
    words = sentence.split()
    value = {"one": 1, "single": 1, "two": 2, "pair": 2, "three": 3, "trio": 3}
    found = [value[word] for word in words if word in value]
    if "less" in words:
        return found[0] - found[1]
    return sum(found)


def numbers(trio: Trio) -> tuple[int, int, int]:
    return len(trio.image.objects), len(trio.sound.events), said(trio.sentence)


def differing(told: tuple[int, int, int]) -> int:
    """The position in ANSWERS, by the rule itself."""
    if len(set(told)) == 1:
        return 0
    (odd,) = [i for i in range(3) if told.count(told[i]) == 1]
    return odd + 1


# --- the bytes, and what they say ---------------------------------------------------------------


def test_the_bytes_are_the_golden_ones() -> None:
    samples = shapes_fusion(None, samples=24).samples
    parts = [(read(s, "image"), read(s, "audio"), s.inputs["text"], s.target) for s in samples]
    assert hashlib.sha256(repr(parts).encode()).hexdigest() == GOLDEN


@pytest.mark.parametrize("split", ["train", "test", "validation"])
def test_the_answer_is_what_image_sound_and_sentence_say(split: str) -> None:
    for index in range(72):
        trio = trio_at(split, 3, index)
        told = numbers(trio)
        assert trio.differs == differing(told)
        assert (trio.differs, told) == DECK[index % 24]
        assert len(trio.sound.slots) == len(trio.sound.events), "no two at once"


def test_a_sample() -> None:
    sample = shapes_fusion(None, samples=7).samples[6]
    assert sample.id == "test-6"
    assert sample.target == {"answer": "C", "options": list(ANSWERS)}
    assert sample.tags == {"differs": "the sound"}
    assert sample.inputs["text"] == trio_at("test", 0, 6).sentence


def test_a_longer_set_begins_like_a_shorter_one_and_none_means_the_same() -> None:
    whole, part = (shapes_fusion(None, samples=n).samples for n in (100, 30))
    assert [s.inputs["text"] for s in part] == [s.inputs["text"] for s in whole[:30]]
    assert len({(read(s, "image"), read(s, "audio"), s.inputs["text"]) for s in whole}) == 100


@pytest.mark.slow
def test_training_shows_no_image_and_no_sentence_of_the_test_split() -> None:
    test = [trio_at("test", 0, index) for index in range(240)]
    trained = [trio_at("train", 0, index) for index in range(960)]
    for part in ("image", "sentence"):
        assert not {_key(t, part) for t in test} & {_key(t, part) for t in trained}
    assert {split_of(t.sentence) for t in test} == {"test"}
    several = {t.sound.key for t in test if len(t.sound.events) > 1}
    assert not several & {t.sound.key for t in trained}


def _key(trio: Trio, part: str) -> str:
    return trio.sentence if part == "sentence" else trio.image.key


# --- chance and ceiling -------------------------------------------------------------------------


def test_no_modality_alone_tells_anything() -> None:
    """Of each number of each modality the four answers are equally many, in the task as it is."""
    seen: Counter[tuple[int, int, int]] = Counter()
    for index in range(960):
        answer, told = DECK[index % len(DECK)]
        seen.update((place, number, answer) for place, number in enumerate(told))
    assert len(seen) == 3 * 3 * 4
    assert set(seen.values()) == {960 // 12}


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_two_of_the_three_tell_half(pair: tuple[int, int]) -> None:
    """The best guess from two numbers: equal or not leaves two answers each."""
    seen = Counter(((told[pair[0]], told[pair[1]]), answer) for answer, told in DECK)
    best = {told: max(n for (of, _), n in seen.items() if of == told) for told, _ in seen}
    assert sum(best.values()) == 12


def test_what_tells_a_number_does_not_know_the_answer() -> None:
    """Things, kinds of sound and words are as frequent whatever differs."""
    trios = [trio_at("train", 0, index) for index in range(1920)]
    of: dict[int, Counter[str]] = {answer: Counter() for answer in range(4)}
    for trio in trios:
        of[trio.differs].update(thing.shape for thing in trio.image.objects)
        of[trio.differs].update(event.sound for event in trio.sound.events)
        of[trio.differs].update(trio.sentence.split()[:1])
    for word in of[0]:
        each = [of[answer][word] for answer in range(4)]
        assert max(each) - min(each) < 4.5 * np.sqrt(np.mean(each)), (word, each)


def test_all_numbers_that_may_be_asked_are() -> None:
    odd = [(a, b, b) for a, b in permutations(NUMBERS, 2)]
    cases = {tuple(np.roll(case, by)) for case in odd for by in range(3)}
    assert {told for _, told in DECK} == cases | {(n, n, n) for n in NUMBERS}


def test_the_likeliest_sum_says_nothing() -> None:
    """The cross-entropy of a sum of logits, each of one number, is least where all are equal.

    It is convex, and its gradient at zero is the difference of two counts that are equal.
    """
    one_hot = np.zeros((len(DECK), 9))
    for row, (_, told) in enumerate(DECK):
        one_hot[row, [3 * place + n - 1 for place, n in enumerate(told)]] = 1
    right = np.eye(4)[[answer for answer, _ in DECK]]
    gradient = one_hot.T @ (np.full((len(DECK), 4), 0.25) - right)
    assert one_hot.sum() == 72
    assert np.abs(gradient).max() == 0


def test_the_best_sum_is_right_in_fifteen_of_twenty_four() -> None:
    """The most cases in which the highest entry of a sum is the answer, by an integer program."""
    weights = {(answer, told): DECK.count((answer, told)) for answer, told in DECK}
    cases, sums = list(weights), 3 * 3 * 4
    margin, most = 1e-3, 6.0  # entries are from -1 to 1
    rows = []
    for case, (answer, told) in enumerate(cases):
        for other in set(range(4)) - {answer}:
            row = np.zeros(sums + len(cases))
            for place, number in enumerate(told):
                at = 12 * place + 4 * (number - 1)
                row[[at + answer, at + other]] = 1, -1
            row[sums + case] = -(most + margin)
            rows.append(row)
    found = milp(
        np.array([0.0] * sums + [-float(weights[case]) for case in cases]),
        constraints=LinearConstraint(np.array(rows), -most, np.inf),
        integrality=np.array([0] * sums + [1] * len(cases)),
        bounds=Bounds(np.array([-1.0] * sums + [0.0] * len(cases)), 1.0),
    )
    assert found.status == 0
    assert -found.fun == pytest.approx(15)
    assert len(DECK) == 24


# --- batches ------------------------------------------------------------------------------------


def test_batches_are_functions_of_seed_and_step() -> None:
    batch, again, next_ = trio_batch(0, 3, 6, 64), trio_batch(0, 3, 6, 64), trio_batch(0, 4, 6, 64)
    assert batch.images.shape == (6, 64, 64, 3)
    assert batch.sounds.shape == (6, 19200)
    assert batch.images.dtype == batch.sounds.dtype == np.float32
    for a, b in zip(batch, again, strict=True):
        assert np.array_equal(a, b)
    assert batch.sentences != next_.sentences
    for row, index in enumerate(range(12, 18)):
        trio = trio_at("train", 0, index)
        assert (batch.differs[row], tuple(batch.numbers[row])) == DECK[index % 24]
        assert batch.sentences[row] == trio.sentence


# --- the task, and what can go wrong ------------------------------------------------------------


def test_the_task_asks_with_all_three() -> None:
    spec = load_task(str(TASK))
    prompt = spec.options_of(PromptOptions).prompt
    (turn,) = conversation(spec, prompt, shapes_fusion(None, samples=1).samples[0])
    image, sound, text = turn.parts  # nothing stands between them, not even a space
    assert (image.modality, sound.modality) == ("image", "audio")
    assert text.startswith(f"{trio_at('test', 0, 0).sentence}\nThe image, the sound and")


def test_a_model_that_takes_two_of_the_three_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(UserError, match="llava-nano takes no audio; try fusion-nano"):
        evaluate("llava-nano", str(TASK))
    spec = load_task(str(TASK))
    assert required_ability(kind_of(spec), spec).together == {"image", "audio"}
    assert input_modalities(load_task(str(TASK))) == [{"text", "image", "audio"}]


@pytest.mark.parametrize(("samples", "size"), [(0, 64), (10001, 64), (10, 63)])
def test_numbers_out_of_range_are_refused(samples: int, size: int) -> None:
    with pytest.raises(DataError, match="give a number"):
        shapes_fusion(None, samples=samples, size=size)


def test_an_unknown_split_is_answered_with_the_near_one() -> None:
    with pytest.raises(UnknownName, match="did you mean test"):
        shapes_fusion(None, split="tests")
