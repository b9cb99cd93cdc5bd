"""Conversations that share a beginning, in one row: each is worth what it is worth alone."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn

from mmbench.reference.architectures.gpt import Config as GptConfig
from mmbench.reference.architectures.gpt import UnifiedModel
from mmbench.reference.architectures.language import UNLEARNT
from mmbench.reference.architectures.llava import Config, LLaVA
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.architectures.vqvae import VqVaeConfig
from mmbench.reference.tokens.mixed import TokenKind
from mmbench.reference.tokens.packing import OUTSIDE, TRUNK, pack, positions, visibility_mask
from mmbench.reference.tokens.turns import IMAGE
from mmbench.reference.tokens.words import pad_ids

Talk = tuple[list[int], list[bool]]

TRUNKS = [2, 5, *[IMAGE] * 4]
ROWS: list[list[Talk]] = [
    [
        ([*TRUNKS, 9, 6, 11, 3], [False] * 8 + [True] * 2),
        ([*TRUNKS, 9, 9, 6, 12, 13, 3], [False] * 9 + [True] * 3),
        (
            [*TRUNKS, 14, 6, 11, 3, 15, 6, 16, 3],
            [False] * 8 + [True, True, False, False, True, True],
        ),
    ],
    [([*TRUNKS, 8, 6, 17, 3], [False] * 8 + [True] * 2)],
]
"""Rows of conversations: ids, of which some are learnt."""


@pytest.fixture(autouse=True)
def same_chance() -> None:
    torch.manual_seed(0)


def packed(rows: list[list[Talk]]) -> tuple[Tensor, Tensor, Tensor]:
    made = [pack(row, 40) for row in rows]
    ids = pad_ids([ids for ids, _, _ in made])
    learnt = pad_ids([list(map(int, learnt)) for _, learnt, _ in made], 0).bool()
    return ids, learnt, pad_ids([of for _, _, of in made], OUTSIDE)


# --- rows ---------------------------------------------------------------------------------------


def test_what_is_shared_stands_once() -> None:
    ids, learnt, of = pack(ROWS[0][:2], 40)
    assert ids == [*TRUNKS, 9, 6, 11, 3, 9, 6, 12, 13, 3]
    assert learnt == [False] * 8 + [True] * 2 + [False] * 2 + [True] * 3
    assert of == [TRUNK] * 7 + [1] * 3 + [2] * 5


def test_one_alone_is_all_trunk_and_is_cut_to_the_context() -> None:
    ids, learnt, of = pack(ROWS[1], 9)
    assert (ids, learnt) == (ROWS[1][0][0][:9], ROWS[1][0][1][:9])
    assert of == [TRUNK] * 9


def test_two_answers_to_one_question_both_follow_the_question() -> None:
    """What is learnt is predicted from the token before it, which is in the branch therefore."""
    same = [([2, 5, 7, 6, word, 3], [False] * 4 + [True] * 2) for word in (8, 9)]
    ids, _, of = pack(same, 40)
    assert ids == [2, 5, 7, 6, 8, 3, 6, 9, 3]
    assert of == [TRUNK] * 3 + [1] * 3 + [2] * 3


def test_who_sees_whom_written_out() -> None:
    of = torch.tensor([[0, 0, 1, 1, 2, OUTSIDE]])
    seen = visibility_mask(of)
    assert seen.int().tolist() == [
        [
            [1, 0, 0, 0, 0, 0],
            [1, 1, 0, 0, 0, 0],
            [1, 1, 1, 0, 0, 0],
            [1, 1, 1, 1, 0, 0],
            [1, 1, 0, 0, 1, 0],
            [1, 1, 0, 0, 0, 1],
        ]
    ]
    assert positions(seen).tolist() == [[0, 1, 2, 3, 2, 2]]


def test_who_sees_whom_behind_padding_and_of_the_last_alone() -> None:
    of = torch.tensor([[OUTSIDE, OUTSIDE, 0, 0]])
    seen = visibility_mask(of)
    assert seen.int().tolist() == [[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]]
    assert positions(seen).tolist() == [[0, 0, 0, 1]], "as if nothing stood before"
    for last in range(1, 5):
        assert torch.equal(visibility_mask(of, last), seen[:, -last:])


TALKS = st.lists(
    st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=8), min_size=1
)


@pytest.mark.slow
@settings(max_examples=300)
@given(TALKS, st.integers(1, 9))
def test_every_conversation_can_be_read_out_of_the_row(
    talks: list[list[tuple[int, bool]]], context: int
) -> None:
    """It is the tokens that its last one sees, in their order, at positions that count from 0."""
    begun = [[(1, False), *talk] for talk in talks]
    row = pack([([t for t, _ in talk], [said for _, said in talk]) for talk in begun], context)
    ids, learnt, of = (torch.tensor(column) for column in row)
    seen = visibility_mask(of[None])
    found = []
    for number in sorted(set(row[2])):
        mine = seen[0, int((of == number).nonzero()[-1])]
        assert positions(seen)[0, mine].tolist() == list(range(int(mine.sum())))
        found.append(list(zip(ids[mine].tolist(), learnt[mine].tolist(), strict=True)))
    cut = [talk[:context] for talk in begun]
    assert all(talk in found for talk in cut)


# --- models -------------------------------------------------------------------------------------


def sizes(**other: Any) -> dict[str, Any]:
    return {"context": 40, "width": 32, "layers": 2, "heads": 4, "image_size": 16, **other}


def test_llava_learns_the_same_from_a_row_as_from_each_conversation_alone() -> None:
    tower = {"patch": 8, "image_width": 24, "image_layers": 2, "image_heads": 2}
    model = LLaVA(Config(30, **sizes(), **tower)).eval()
    nn.init.normal_(model.language.tokens.weight, std=0.4)
    images = torch.randn(2, 3, 16, 16, generator=Generator().manual_seed(1))
    ids, learnt, of = packed(ROWS)
    together = model(ids, torch.where(learnt, ids, UNLEARNT), images, of)
    sums, tokens = [], 0
    for row, image in zip(ROWS, images, strict=True):
        for talk in row:
            alone, said = torch.tensor([talk[0]]), torch.tensor([talk[1]])
            labels = torch.where(said, alone, UNLEARNT)
            sums.append(model(alone, labels, image[None]) * said.sum())
            tokens += sum(talk[1])
    torch.testing.assert_close(together, sum(sums) / tokens)
    ignored = model(ids, torch.where(learnt, ids, UNLEARNT), images)
    assert abs(float((together - ignored).detach())) > 1e-3, "without branches it is another loss"


def test_the_gpt_says_the_same_of_a_row_as_of_each_conversation_alone() -> None:
    codes = VqVaeConfig(number=9, code_width=4, width=16, halvings=3, residuals=1)
    config = GptConfig(20, **sizes(), image=codes, sound=codes, mel=Mel(8000, 200, 80, 10))
    model = UnifiedModel(config).eval().gpt
    for weight in (model.tokens.weight, model.places):
        nn.init.normal_(weight, std=0.5)
    text = config.layout.ids(TokenKind.TEXT).start
    picture = [2, 4, 8, *range(config.layout.ids(TokenKind.IMAGE).start, config.layout.size)[:4], 9]
    rows: list[list[Talk]] = [
        [
            ([*picture, 6, text + a, 7, 5, 6, text + b, 7], [False] * 12 + [True] * 3)
            for a, b in ((1, 2), (1, 3), (4, 5))
        ],
        [([*picture, 5, 6, text, 7], [False] * 9 + [True] * 3)],
    ]
    ids, learnt, of = packed(rows)
    together = model.log_likelihoods(ids, learnt, of)
    alone = [
        model.log_likelihoods(torch.tensor([talk[0]]), torch.tensor([talk[1]]))
        for row in rows
        for talk in row
    ]
    torch.testing.assert_close(together, torch.cat(alone))
