"""The multimodal GPT against its definition: tokens, masks, caches, guidance, batches, sizes."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn

from mmbench.reference.architectures.codebook import Codebook
from mmbench.reference.architectures.gpt import GPT, Config, UnifiedModel
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.architectures.vqvae import VqVaeConfig
from mmbench.reference.tokens.bpe import Bpe
from mmbench.reference.tokens.mixed import (
    ASSISTANT,
    CLOSE,
    END,
    MARKS,
    MODALITIES,
    NOTHING,
    OPEN,
    PAD,
    START,
    USER,
    CodeSpan,
    TokenKind,
    TokenLayout,
    encode_prompt,
    encode_turns,
)
from mmbench.reference.tokens.sampling import TokenSampler
from mmbench.reference.tokens.words import pad_ids
from mmbench.reference.tokens.writing import apply_guidance, write
from tests.support.networks import parameter_count

CODES = VqVaeConfig(number=9, code_width=4, width=16, halvings=3, residuals=1)
TINY = Config(
    text=20,
    context=40,
    width=32,
    layers=2,
    heads=4,
    image_size=16,
    image=CODES,
    mel=Mel(8000, 200, 80, 10),
    sound=replace(CODES, number=7, halvings=2),
)
TEXT, IMAGE, SOUND = (TINY.layout.ids(kind) for kind in MODALITIES)


def tiny(config: Config = TINY) -> UnifiedModel:
    """Random weights, large enough that what is said differs from row to row."""
    torch.manual_seed(2)
    model = UnifiedModel(config).eval()
    nn.init.normal_(model.gpt.tokens.weight, std=0.5)
    for head in model.gpt.heads:
        nn.init.normal_(head.get_parameter("weight"), std=0.5)
    with torch.no_grad():
        for block in model.gpt.blocks:
            for writes in ("attention.out.weight", "mlp.2.weight"):
                block.get_parameter(writes).mul_(4)
    return model


def prompts(n: int, opens: int, length: int = 4) -> Tensor:
    """Rows of one length: a text, and the assistant about to speak."""
    said = torch.randint(TEXT.start, TEXT.stop, (n, length), generator=Generator().manual_seed(2))
    before = torch.tensor([START, USER, OPEN[TokenKind.TEXT]]).expand(n, -1)
    after = torch.tensor([CLOSE[TokenKind.TEXT], ASSISTANT, opens]).expand(n, -1)
    return torch.cat([before, said, after], dim=1)


# --- texts --------------------------------------------------------------------------------------

WORDS = Bpe.train(
    ["what colour is the star? red and blue", "a red star", "the star is blue"] * 3, 300
)


@settings(max_examples=200)
@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    assert WORDS.decode(WORDS.encode(text)) == text
    assert all(0 <= token < len(WORDS) for token in WORDS.encode(text))


def test_what_is_common_is_one_token_wherever_it_stands() -> None:
    assert len(WORDS) <= 300
    assert WORDS.encode("star") == WORDS.encode("red star")[1:]
    assert len(WORDS.encode("the red star")) == 3
    assert len(WORDS.encode("zeppelin")) > 3


def test_an_encoding_is_what_its_description_says() -> None:
    again = Bpe(WORDS.description)
    assert again.encode("a blue star") == WORDS.encode("a blue star")
    with pytest.raises(ValueError, match="not a tokenizer in the JSON format of `tokenizers`"):
        Bpe("{}")


# --- one vocabulary -----------------------------------------------------------------------------


@given(*(st.integers(1, 5000) for _ in range(3)))
def test_ranges_follow_one_another_and_nothing_overlaps(text: int, image: int, sound: int) -> None:
    layout = TokenLayout(text, image, sound)
    ids = [token for kind in TokenKind for token in (layout.ids(kind)[0], layout.ids(kind)[-1])]
    assert ids == sorted(ids)
    assert (
        sum(len(layout.ids(kind)) for kind in TokenKind)
        == layout.size
        == MARKS + text + image + sound
    )
    assert all(
        a.stop == b.start
        for a, b in zip(
            [layout.ids(k) for k in TokenKind], [layout.ids(k) for k in MODALITIES], strict=False
        )
    )
    assert layout.ids(TokenKind.SOUND).stop == layout.size


def test_marks_differ() -> None:
    marks = [NOTHING, START, END, USER, ASSISTANT, *OPEN.values(), *CLOSE.values()]
    assert len(set(marks)) == len(marks)
    assert max(marks) < MARKS


def test_a_conversation_and_what_of_it_is_learnt() -> None:
    layout = TokenLayout(len(WORDS), 9, 7)
    image, sound = layout.ids(TokenKind.IMAGE).start, layout.ids(TokenKind.SOUND).start
    red, blue = (MARKS + WORDS.encode(word)[0] for word in ("red", "blue"))
    turns: Any = [
        ("user", [CodeSpan(TokenKind.IMAGE, 2), "red"]),
        ("assistant", ["blue", CodeSpan(TokenKind.SOUND, 1)]),
        ("user", [CodeSpan(TokenKind.SOUND, 2)]),
    ]
    ids, learnt = encode_turns(turns, WORDS, layout)
    given_ = [START, USER, OPEN[TokenKind.IMAGE], image, image, CLOSE[TokenKind.IMAGE]]
    given_ += [OPEN[TokenKind.TEXT], red, CLOSE[TokenKind.TEXT], ASSISTANT]
    said = [
        OPEN[TokenKind.TEXT],
        blue,
        CLOSE[TokenKind.TEXT],
        OPEN[TokenKind.SOUND],
        sound,
        CLOSE[TokenKind.SOUND],
        END,
    ]
    more = [USER, OPEN[TokenKind.SOUND], sound, sound, CLOSE[TokenKind.SOUND]]
    assert ids == [*given_, *said, *more]
    assert learnt == [False] * len(given_) + [True] * len(said) + [False] * len(more)
    assert encode_prompt(turns, WORDS, layout, TokenKind.IMAGE) == [
        *ids,
        ASSISTANT,
        OPEN[TokenKind.IMAGE],
    ]


# --- what may come next -------------------------------------------------------------------------


def allowed(last: int, drawn: int) -> set[int]:
    """By the rules, written out."""
    if last in TEXT or last == OPEN[TokenKind.TEXT]:
        return {*TEXT, CLOSE[TokenKind.TEXT]}
    if last in SOUND or last == OPEN[TokenKind.SOUND]:
        return {*SOUND, CLOSE[TokenKind.SOUND]}
    if last in IMAGE and drawn % 4 == 0:
        return {CLOSE[TokenKind.IMAGE]}
    if last in IMAGE or last == OPEN[TokenKind.IMAGE]:
        return set(IMAGE)
    return set(range(MARKS))


def test_only_what_may_come_next_can_be_said() -> None:
    model = tiny().gpt
    for drawn in range(9):
        last = torch.arange(TINY.layout.size)
        counts = torch.full_like(last, drawn)
        logits = model.logits(torch.randn(len(last), 32), last, counts)
        for token in last.tolist():
            possible = set(torch.isfinite(logits[token]).nonzero()[:, 0].tolist())
            assert possible == allowed(token, drawn), (token, drawn)


def test_a_head_reads_the_features_of_its_own_rows() -> None:
    model = tiny().gpt
    last = torch.tensor([IMAGE[0], TEXT[3], SOUND[1], START, OPEN[TokenKind.IMAGE]])
    features = torch.randn(5, 32)
    logits = model.logits(features, last, torch.tensor([1, 0, 0, 0, 4]))
    torch.testing.assert_close(logits[1, TEXT.start : TEXT.stop], model.heads[1](features[1])[:-1])
    torch.testing.assert_close(logits[1, CLOSE[TokenKind.TEXT]], model.heads[1](features[1])[-1])
    torch.testing.assert_close(
        logits[0, IMAGE.start : IMAGE.stop], model.heads[2](features[0])[:-1]
    )
    torch.testing.assert_close(
        logits[4, IMAGE.start : IMAGE.stop], model.heads[2](features[4])[:-1]
    )
    torch.testing.assert_close(logits[3, :MARKS], model.heads[0](features[3]))


# --- writing ------------------------------------------------------------------------------------


def slowly(model: GPT, ids: Tensor, end: int, most: int, guidance: float = 1.0) -> list[int]:
    """One row, everything computed again for each token."""
    said: list[int] = []
    while len(said) < most and end not in said:
        row = torch.cat([ids, torch.tensor([said], dtype=torch.long)], dim=1)
        both = [row]
        if guidance != 1:
            both.append(torch.cat([model.mask_texts(ids), row[:, ids.shape[1] :]], dim=1))
        found = []
        for one in both:
            features, drawn = model.features(one)[:, -1], model.image_counts(one)[:, -1]
            found.append(model.logits(features, one[:, -1], drawn))
        logits = found[0]
        if guidance != 1:
            logits = found[1] + guidance * (found[0] - found[1])
            logits[found[0] == -torch.inf] = -torch.inf
        said.append(int(logits[0].argmax()))
    return said


@pytest.mark.parametrize(
    ("kind", "guidance"), [(TokenKind.TEXT, 1.0), (TokenKind.IMAGE, 1.0), (TokenKind.IMAGE, 2.5)]
)
def test_with_a_cache_or_without_in_a_batch_or_alone(kind: TokenKind, guidance: float) -> None:
    model, ids, end = tiny().gpt, prompts(10, OPEN[kind]), CLOSE[kind]
    together = write(model, ids, end, 20, guidance=guidance)
    for row in range(10):
        one = ids[row : row + 1]
        assert together[row] == slowly(model, one, end, 20, guidance)
        assert write(model, one, end, 20, guidance=guidance) == [together[row]]
    assert len({tuple(said) for said in together}) > 3
    if kind == TokenKind.TEXT:
        assert len({len(said) for said in together}) > 2, "rows that stop at several steps"


@pytest.mark.parametrize(("kind", "guidance"), [(TokenKind.TEXT, 1.0), (TokenKind.IMAGE, 2.5)])
def test_rows_of_several_lengths_in_a_batch_or_alone(kind: TokenKind, guidance: float) -> None:
    model, end = tiny().gpt, CLOSE[kind]
    rows = [row.tolist() for row in prompts(8, OPEN[kind])]
    rows = [row[:3] + row[3 : 3 + i] + row[7:] for i, row in enumerate(rows[:5])] + rows[5:]
    together = write(model, pad_ids(rows, PAD, "left"), end, 99, guidance=guidance)
    for row, said in zip(rows, together, strict=True):
        assert said == slowly(model, torch.tensor([row]), end, 40 - len(row), guidance)
    assert len({tuple(said) for said in together}) > 3


def test_each_row_has_the_room_it_has_alone() -> None:
    model, rows = tiny().gpt, [row.tolist() for row in prompts(2, OPEN[TokenKind.TEXT])]
    rows[1] = rows[1][:3] + rows[1][5:]
    said = write(model, pad_ids(rows, PAD, "left"), TINY.layout.size, 99)
    assert [len(one) + len(row) for one, row in zip(said, rows, strict=True)] == [40, 40]


def test_an_image_has_as_many_tokens_as_it_has_places() -> None:
    model, ids = tiny().gpt, prompts(6, OPEN[TokenKind.IMAGE])
    chances = [Generator().manual_seed(i) for i in range(6)]
    for said in write(model, ids, CLOSE[TokenKind.IMAGE], 20, TokenSampler(1.0, 1.0, chances)):
        assert len(said) == 5
        assert all(token in IMAGE for token in said[:4])
        assert said[4] == CLOSE[TokenKind.IMAGE]


def test_it_stops_at_the_limit_and_at_the_end_of_the_context() -> None:
    model, ids = tiny().gpt, prompts(3, OPEN[TokenKind.TEXT])
    never = TINY.layout.size
    assert [len(said) for said in write(model, ids, never, 5)] == [5] * 3
    assert [len(said) for said in write(model, ids, never, 99)] == [40 - ids.shape[1]] * 3


def test_guidance_is_by_the_text_alone() -> None:
    model, ids = tiny().gpt, prompts(2, OPEN[TokenKind.IMAGE])
    bare = model.mask_texts(ids)
    assert (bare[:, 3:7] == NOTHING).all()
    assert torch.equal(bare[:, :3], ids[:, :3]) and torch.equal(bare[:, 7:], ids[:, 7:])
    with_text, without = torch.randn(3, 5), torch.randn(3, 5)
    with_text[0, 2] = without[0, 2] = -torch.inf
    moved = apply_guidance(torch.cat([with_text, without]), 3.0)
    torch.testing.assert_close(moved[1:], 3 * with_text[1:] - 2 * without[1:])
    assert moved[0, 2] == -torch.inf and torch.isfinite(moved[0, [0, 1, 3, 4]]).all()
    without_guidance = write(model, bare, CLOSE[TokenKind.IMAGE], 9)
    assert write(model, ids, CLOSE[TokenKind.IMAGE], 9, guidance=0.0) == without_guidance


def test_the_place_in_an_image_is_counted_from_where_it_opens() -> None:
    """The same image later in the sequence has the same places."""
    model = tiny().gpt
    nn.init.normal_(model.places)
    model.blocks = nn.ModuleList()  # what is embedded alone
    image = [OPEN[TokenKind.IMAGE], *range(IMAGE.start, IMAGE.start + 4), CLOSE[TokenKind.IMAGE]]
    ids = torch.tensor([[START, *image, ASSISTANT, *image, ASSISTANT]])
    features = model.features(ids)[0]
    torch.testing.assert_close(features[1:7], features[8:14])
    assert not torch.allclose(features[2], features[3])


def test_what_is_read_is_seen_as_a_whole_and_what_is_drawn_code_by_code() -> None:
    model = tiny().gpt
    image = [OPEN[TokenKind.IMAGE], *IMAGE[:4], CLOSE[TokenKind.IMAGE]]
    ids = torch.tensor([[START, USER, *image, ASSISTANT, *image, END]])
    # On a grid of 2 × 2 each code is a neighbour of the last.
    for places, expected in ((range(3, 7), range(3, 7)), (range(10, 14), [13])):
        changed = ids.clone()
        changed[0, places[-1]] = IMAGE[7]
        differs = (model.embed_ids(ids) != model.embed_ids(changed)).any(-1)[0]
        assert differs.nonzero()[:, 0].tolist() == list(expected)


def test_an_image_that_is_read_is_whole() -> None:
    ids = torch.tensor([[START, USER, OPEN[TokenKind.IMAGE], *IMAGE[:3]]])
    with pytest.raises(ValueError, match="3 image tokens of the user are not a multiple of 4"):
        tiny().gpt.features(ids)


def test_the_codes_are_kept_once() -> None:
    assert [name for name in tiny().state_dict() if name.endswith("codebook.codes")] == [
        "images.codebook.codes",
        "sounds.codebook.codes",
    ]


def test_likelihoods_are_those_of_saying_each_token_in_turn() -> None:
    model = tiny().gpt
    ids = torch.cat([prompts(3, OPEN[TokenKind.IMAGE]), torch.full((3, 3), IMAGE[2])], dim=1)
    learnt = torch.zeros_like(ids, dtype=torch.bool)
    learnt[:, -4:] = True
    found = model.log_likelihoods(ids, learnt).view(3, 4)
    for row in range(3):
        for place in range(4):
            at = ids.shape[1] - 4 + place
            before = ids[row : row + 1, :at]
            features, drawn = model.features(before)[:, -1], model.image_counts(before)[:, -1]
            shares = model.logits(features, before[:, -1], drawn).log_softmax(-1)
            torch.testing.assert_close(found[row, place], shares[0, ids[row, at]])


def test_every_part_is_trained_by_what_it_says() -> None:
    model = tiny().gpt.train()
    ids = torch.cat([prompts(2, OPEN[TokenKind.IMAGE]), torch.full((2, 4), IMAGE[2])], dim=1)
    ids = torch.cat([ids, torch.tensor([[CLOSE[TokenKind.IMAGE], END]] * 2)], dim=1)
    learnt = torch.zeros_like(ids, dtype=torch.bool)
    learnt[:, 9:] = True
    (-model.log_likelihoods(ids, learnt).mean()).backward()  # type: ignore[no-untyped-call]
    without = {name for name, weight in model.named_parameters() if weight.grad is None}
    heads = {f"heads.{int(k)}.{w}" for k in (1, 3) for w in ("weight", "bias")}
    assert without == heads | {f"look.{c}.{w}" for c in ("near", "far") for w in ("weight", "bias")}


# --- codes in their places ----------------------------------------------------------------------


def test_images_and_sounds_take_their_places_in_order() -> None:
    model = tiny()
    images = torch.randn(2, 3, 16, 16)
    mel, frames = torch.randn(2, 9, 10), torch.tensor([9, 4])
    row = [
        START,
        OPEN[TokenKind.IMAGE],
        *[IMAGE.start] * 4,
        OPEN[TokenKind.SOUND],
        *[SOUND.start] * 3,
    ]
    other = [
        START,
        OPEN[TokenKind.SOUND],
        SOUND.start,
        OPEN[TokenKind.IMAGE],
        *[IMAGE.start] * 4,
        END,
        0,
    ]
    ids = model.fill_codes(torch.tensor([row, other]), images, mel, frames)
    codes = model.images.encode(images) + IMAGE.start
    assert torch.equal(ids[0, 2:6], codes[0]) and torch.equal(ids[1, 4:8], codes[1])
    heard = model.sounds.encode(mel, frames) + SOUND.start
    assert torch.equal(ids[0, 7:10], heard[0]) and int(ids[1, 2]) == int(heard[1, 0])
    assert ids[1, -2:].tolist() == [END, 0]


def test_places_without_an_image_are_refused() -> None:
    none = torch.empty(0, 0, 10), torch.empty(0, dtype=torch.int64)
    with pytest.raises(ValueError, match="4 placeholders for 8 codes of IMAGE"):
        tiny().fill_codes(torch.tensor([[IMAGE.start] * 4]), torch.randn(2, 3, 16, 16), *none)
    with pytest.raises(ValueError, match="1 placeholders for 0 codes of SOUND"):
        tiny().fill_codes(torch.tensor([[SOUND.start]]), torch.empty(0, 3, 16, 16), *none)


# --- sizes --------------------------------------------------------------------------------------


def test_paper_size() -> None:
    """Chameleon-7B has 32 layers 4,096 wide, as Llama 2 7B; our blocks have a plain MLP."""
    c = Config.paper_size()
    with torch.device("meta"):
        model = GPT(c, Codebook(c.image.number, c.image.code_width))
        features = model(torch.zeros(1, 1500, c.width))
        seen = model.look(torch.zeros(2, c.patches, c.image.code_width))
    assert c.patches == 1024
    assert c.layout.size - c.layout.sound - MARKS == 65536
    assert features.shape == (1, 1500, 4096) and seen.shape == (2, 1024, 4096)
    block = 12 * 4096**2 + (4 + 4 + 1 + 4) * 4096
    heads = sum((len(c.layout.ids(kind)) + (kind != TokenKind.MARK)) * 4097 for kind in TokenKind)
    tables = (c.layout.size + len(TokenKind) + c.patches) * 4096
    look = 9 * (256 + 4096) * 4096 + 2 * 4096
    assert parameter_count(model) == 32 * block + 2 * 4096 + heads + tables + look
    assert 6.4e9 < parameter_count(model) < 7.5e9


def test_the_small_size() -> None:
    model = UnifiedModel(Config(506))
    assert model.config.patches == 64
    numbers = sum(value.numel() for value in model.state_dict().values())
    assert numbers * 2 < 8e6, "the file of a shipped checkpoint, in float16"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"heads": 3}, "heads 3 does not divide width 32"),
        ({"image_size": 20}, "a code of 8 px does not divide image_size 20"),
        ({"context": 4}, "an image of 4 tokens does not fit into a context of 4"),
    ],
)
def test_a_config_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **wrong)
