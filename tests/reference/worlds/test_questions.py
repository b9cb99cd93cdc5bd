"""Questions about the shapes world: true of the scene, and not to be answered without looking."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.shapes.objects import COLOURS, SHAPES, SIZES, SceneObject
from mmbench.reference.worlds.shapes.questions import KINDS, Question, questions
from mmbench.reference.worlds.shapes.scene import Scene, scene_at
from mmbench.reference.worlds.shapes.talk import talks, training_question, training_talks
from tests.reference.worlds.test_captions import PLACES

# Of the first 50 questions and of the first 20 talks of the training stream.
GOLDEN_QUESTIONS = "96cf1910ae9d0004f0c5a74869c8827cae4dced2bbcf72232bb4497baccc3072"
GOLDEN_TALKS = "f19741512ff1ecd4d08a880ff0f7647011d5c124716cd375b42cb30c2690297f"

CELLS = {
    "top left": (0, 0),
    "top": (0, 1),
    "top right": (0, 2),
    "left": (1, 0),
    "middle": (1, 1),
    "right": (1, 2),
    "bottom left": (2, 0),
    "bottom": (2, 1),
    "bottom right": (2, 2),
}
OFFERED = (
    ("A. blue", "B. green", "C. orange", "D. red"),
    ("A. orange star", "B. green triangle", "C. red circle", "D. yellow cross"),
    ("A. right", "B. top left", "C. bottom right", "D. bottom"),
)
BRIEFLY, BY_LETTER = "Answer in one or two words.", "Answer with the letter of the option."
CHANCE = {"existence": 1 / 2, "count": 1 / 4, "colour": 1 / 8, "position": 1 / 9}
MORE: dict[str, Callable[[SceneObject, SceneObject], bool]] = {
    "larger than": lambda a, b: (a.size, b.size) == ("large", "small"),
    "smaller than": lambda a, b: (a.size, b.size) == ("small", "large"),
    "above": lambda a, b: a.row < b.row,
    "below": lambda a, b: a.row > b.row,
    "to the left of": lambda a, b: a.column < b.column,
    "to the right of": lambda a, b: a.column > b.column,
}
MOST = {
    "the largest": MORE["larger than"],
    "the smallest": MORE["smaller than"],
    "the highest": MORE["above"],
    "the lowest": MORE["below"],
    "farthest to the left": MORE["to the left of"],
    "farthest to the right": MORE["to the right of"],
}


# --- every answer is right: each question is parsed anew and held against the scene -------------


def fitting(words: str, scene: Scene) -> list[SceneObject]:
    """The things that a noun with its adjectives and its place may mean."""
    place = next((PLACES[p] for p in sorted(PLACES, key=len)[::-1] if words.endswith(p)), None)
    said = set(words.split())
    return [
        thing
        for thing in scene.objects
        if (place is None or (thing.row, thing.column) == place)
        and said & {*COLOURS} <= {thing.colour}
        and said & {*SHAPES} <= {thing.shape}
        and said & {*SIZES} <= {thing.size}
    ]


def only(words: str, scene: Scene) -> SceneObject:
    (thing,) = fitting(words, scene)
    return thing


def existence(text: str, scene: Scene) -> str:
    (noun,) = re.findall(r"Is there an? (.*)\?", text)
    return "yes" if fitting(noun, scene) else "no"


def count(text: str, scene: Scene) -> str:
    words = set(re.sub(r"(\w)s\b", r"\1", text.replace("crosses", "crosss")).split())
    words = {word.strip(",?") for word in words} | {word.strip(",?") for word in text.split()}
    return str(sum(bool(words & {t.size, t.colour, t.shape}) for t in scene.objects))


def colour(text: str, scene: Scene) -> str:
    return only(text.removeprefix("What colour is the ").removesuffix("?"), scene).colour


def position(text: str, scene: Scene) -> str:
    thing = only(text.removeprefix("Where is the ").removesuffix("?"), scene)
    return next(name for name, cell in CELLS.items() if cell == (thing.row, thing.column))


def comparison(text: str, scene: Scene) -> str:
    said, _, named = text.removeprefix("Which shape is ").removesuffix("?").rpartition(" the ")
    if said in MORE:
        against = only(named, scene)
        found = [thing for thing in scene.objects if MORE[said](thing, against)]
    else:
        more = MOST[text.removeprefix("Which shape is ").removesuffix("?")]
        found = [a for a in scene.objects if all(a is b or more(a, b) for b in scene.objects)]
    (thing,) = found
    return f"{thing.colour} {thing.shape}"


ANSWERED = {f.__name__: f for f in (existence, count, colour, position, comparison)}


@given(st.integers(0, 10**6))
@settings(max_examples=400)
def test_every_answer_is_right_and_no_other_option_is(index: int) -> None:
    scene = scene_at("test", 0, index)
    asked = questions(scene, chance("any", index))
    assert {"existence", "colour", "position"} <= {question.kind for question in asked}
    for kind, text, answer, options in asked:
        assert answer == ANSWERED[kind](text, scene), (text, scene.key)
        assert len(set(options)) == len(options) == (2 if kind == "existence" else 4)
        assert options.count(answer) == 1
        assert 1 <= len(answer.split()) <= 2
        assert "red circle" not in text or "red circle" not in options  # no option is ruled out


def test_what_is_not_there_differs_in_one_word_from_a_thing_that_is() -> None:
    for index in range(300):
        scene = scene_at("test", 0, index)
        question = questions(scene, chance("hard", index))[0]
        said = set(question.text.removesuffix("?").split()[3:]) - {"shape"}
        near = max(len(said & {t.size, t.colour, t.shape}) for t in scene.objects)
        assert near == len(said) - (question.answer == "no"), (question, scene.key)


def test_a_scene_without_an_unambiguous_question_gets_none() -> None:
    one = Scene((SceneObject(1, 1, "large", "red", "star"),), (), (0, 0, 0))
    asked = {q.kind for i in range(50) for q in questions(one, chance(i))}
    assert asked == {"existence", "colour", "position"}  # nothing to compare, not enough to count
    level = Scene(
        (SceneObject(1, 0, "large", "red", "star"), SceneObject(1, 2, "large", "red", "moon")),
        (),
        (0, 0, 0),
    )
    texts = {q.text for i in range(200) for q in questions(level, chance(i))}
    compared = {text for text in texts if text.startswith("Which")}
    assert compared == {f"Which shape is farthest to the {side}?" for side in ("left", "right")}
    assert "Where is the red shape?" not in texts
    assert "What colour is the large shape?" not in texts


# --- no answer is likelier than another ---------------------------------------------------------


@cache
def asked(split: str, scenes: int) -> dict[str, list[Question]]:
    found = defaultdict(list)
    for index in range(scenes):
        for question in questions(scene_at(split, 0, index), chance("blind", split, index)):
            found[question.kind].append(question)
    return found


def agrees(share: float, expected: float, n: int) -> bool:
    """Within four standard errors."""
    return abs(share - expected) < 4 * (expected * (1 - expected) / n) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_blind_answer_scores_at_chance(kind: str) -> None:
    """The commonest answer to each text, and of each kind, as learned from the training split."""
    by_text: dict[str, Counter[str]] = defaultdict(Counter)
    for question in asked("train", 8000)[kind]:
        by_text[question.text][question.answer] += 1
    overall = sum(by_text.values(), Counter()).most_common(1)[0][0]
    test = asked("test", 4000)[kind]
    said = [by_text[q.text].most_common(1)[0][0] if by_text[q.text] else overall for q in test]
    right = [answer == question.answer for answer, question in zip(said, test, strict=True)]
    constant = [overall == question.answer for question in test]
    expected = CHANCE.get(kind, 1 / 64)
    assert agrees(sum(right) / len(test), expected, len(test))
    assert agrees(sum(constant) / len(test), expected, len(test))


@pytest.mark.parametrize("kind", KINDS)
def test_options_give_nothing_away(kind: str) -> None:
    """The option that is right most often among those it is offered with, and each letter."""
    won, offered = Counter(), Counter()
    for question in asked("train", 8000)[kind]:
        won[question.answer] += 1
        offered.update(question.options)
    test = asked("test", 4000)[kind]
    said = [max(q.options, key=lambda option: won[option] / (offered[option] or 1)) for q in test]
    right = sum(answer == question.answer for answer, question in zip(said, test, strict=True))
    expected = 1 / len(test[0].options)
    assert agrees(right / len(test), expected, len(test))
    for share in Counter(question.letter for question in test).values():
        assert agrees(share / len(test), expected, len(test))


@pytest.mark.parametrize("kind", ["existence", "count", "colour", "position"])
def test_answers_are_even_within_each_kind_of_text(kind: str) -> None:
    """Also where texts are taken together that differ only in names of colours and shapes."""
    names = "|".join([*COLOURS, *SHAPES, *SIZES, *PLACES])
    by_form: dict[str, Counter[str]] = defaultdict(Counter)
    for question in asked("train", 8000)[kind]:
        form = re.sub(rf"\b(?:an? )?(?:{names})(?:e?s)?\b", "_", question.text)
        by_form[form][question.answer] += 1
    assert len(by_form) >= 3
    for form, answers in by_form.items():
        for answer, share in answers.items():
            n = answers.total()
            assert agrees(share / n, CHANCE[kind], n), (form, answer, answers)


# --- the training stream ------------------------------------------------------------------------


def test_the_training_stream_needs_only_the_index_and_shows_no_test_scene() -> None:
    late = training_question(7, 900)
    assert [training_question(7, i) for i in (3, 900)][1] == late != training_question(8, 900)
    stream = [training_question(0, i) for i in range(500)]
    assert {scene.split for scene, _ in stream} == {"train"}
    assert [question.kind for _, question in stream] == list(KINDS) * 100


def test_the_bytes_are_the_golden_ones() -> None:
    told = repr([training_question(0, i)[1] for i in range(50)])
    assert hashlib.sha256(told.encode()).hexdigest() == GOLDEN_QUESTIONS
    told = repr([training_talks(0, i)[1] for i in range(20)])
    assert hashlib.sha256(told.encode()).hexdigest() == GOLDEN_TALKS


def test_talks_about_an_image_each_begin_with_it() -> None:
    forms = Counter[tuple[str, ...]]()
    for index in range(200):
        scene, found = training_talks(0, index, 6)
        assert scene.split == "train"
        assert 3 <= len(found) <= 6
        assert "Describe" in found[0][0]["value"] and len(found[0]) == 4
        for turns in found:
            assert [turn["from"] for turn in turns] == ["human", "gpt"] * (len(turns) // 2)
            images = [turn["value"].count("<image>\n") for turn in turns]
            assert images == [1] + [0] * (len(turns) - 1)
        for turns in found[1:]:
            ways = tuple(turn["value"].rpartition("\n")[2] for turn in turns[::2])
            forms[ways] += 1
            if len(ways) == 2:
                first, second = (turn["value"].split("\n") for turn in turns[::2])
                options = dict(line.split(". ") for line in second[1:-1])
                assert second[0] == first[1], "the same question"
                assert options[turns[3]["value"]] == turns[1]["value"], "and the same answer"
    assert set(forms) == {(BRIEFLY,), (BY_LETTER,), (BRIEFLY, BY_LETTER)}
    assert min(forms.values()) > 0.28 * forms.total()


def test_no_question_is_asked_twice_about_an_image() -> None:
    for index in range(100):
        _, found = training_talks(0, index, 8)
        asked = [turns[0]["value"].split("\n")[1] for turns in found[1:]]
        assert len(set(asked)) == len(asked)


def test_known_talks() -> None:
    things = (
        SceneObject(0, 0, "small", "red", "circle"),
        SceneObject(2, 1, "large", "orange", "star"),
    )
    found = talks(Scene(things, (), (0, 0, 0)), chance("literal", 0), 4)
    assert [[turn["value"].split("\n") for turn in turns] for turns in found] == [
        [
            ["<image>", "Describe the image in one line."],
            ["a large orange star at the bottom and a small red circle in the upper left corner"],
            ["Is there a small red circle?", BRIEFLY],
            ["yes"],
        ],
        [
            [
                "<image>",
                "What colour is the shape in the upper left corner?",
                *OFFERED[0],
                BY_LETTER,
            ],
            ["D"],
        ],
        [["<image>", "Which shape is the smallest?", *OFFERED[1], BY_LETTER], ["C"]],
        [
            ["<image>", "Where is the orange shape?", BRIEFLY],
            ["bottom"],
            ["Where is the orange shape?", *OFFERED[2], BY_LETTER],
            ["D"],
        ],
    ]
