"""Models that write and draw by tokens: held to transformers alone, and to themselves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.errors import ModelError, SampleError
from mmbench.models.image_generation.unified import Unified
from mmbench.types import GeneratedText, Message
from tests.support.checkpoints import chat, unified
from tests.support.conversations import SHORT, user
from tests.support.errors import one_line_error
from tests.support.media.images import noise_image

CPU = {"device": "cpu", "dtype": "float32"}
AREA = {"janus": None, "emu3": 24 * 24, "chameleon": None}
SIDE = {"janus": 16, "emu3": 24}
PROMPTS = ["a cat sits on the mat", "two dogs", "", "a large red square above a blue circle"]
FAMILIES = ["janus", "emu3", "chameleon"]
DRAWING = ["janus", "emu3"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("unified")
    return {name: getattr(unified, name)(root / name) for name in FAMILIES}


@pytest.fixture(scope="module")
def models(folders: dict[str, Path]) -> Callable[[str], Unified]:
    return cache(lambda name: load(folders, name))


def load(folders: dict[str, Path], name: str, **options: Any) -> Unified:
    return Unified(folders[name], **CPU, **{"area": AREA[name], **options})


def asked() -> list[tuple[Message, ...]]:
    """Eight conversations of every length and number of images."""
    seen = [user(noise_image(i), "what is it" + " now" * i) for i in range(5)]
    more = [user("here", noise_image(5), "and there", noise_image(6), "differ?"), user("no image")]
    return [*seen, *more, (Message("system", ("be brief",)), *user(noise_image(3), "hello"))]


def pixels(images: list[Any]) -> list[Any]:
    return [np.asarray(image).tolist() for image in images]


@pytest.mark.parametrize("name", FAMILIES)
def test_an_answer_depends_on_its_own_conversation_alone(
    models: Callable[[str], Unified], name: str
) -> None:
    model = models(name)
    ready = [model.prepare(one, "conversation") for one in asked()]
    together = model.write(ready, SHORT)
    assert together == [model.write([one], SHORT)[0] for one in ready]
    assert all(isinstance(one, GeneratedText) for one in together)
    assert len({str(one) for one in together}) == len(together)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_answer_is_that_of_transformers_by_hand(
    folders: dict[str, Path], models: Callable[[str], Unified], name: str
) -> None:
    net = tf.AutoModelForImageTextToText.from_pretrained(folders[name]).eval()
    processor = tf.AutoProcessor.from_pretrained(folders[name], backend="pil")
    image, text = noise_image(2), "what is it"
    prompt = f"<image>{text}" if name == "chameleon" else f"user: <image>{text}; assistant:"
    inputs = processor(text=[prompt], images=[image], return_tensors="pt")
    with torch.inference_mode():
        row = net.generate(**inputs, max_new_tokens=10, do_sample=False)[0]
    said = processor.tokenizer.decode(row[inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    model = models(name)
    (found,) = model.write([model.prepare(user(image, text), "conversation")], SHORT)
    assert isinstance(found, GeneratedText)
    assert found.text == said.strip()


@pytest.mark.parametrize("name", DRAWING)
def test_an_image_depends_on_its_prompt_and_seed_alone(
    models: Callable[[str], Unified], name: str
) -> None:
    model = models(name)
    seeds = [1, 2, 3, 2**32 - 1]
    images = model.draw(PROMPTS, seeds)
    assert [(image.mode, image.size) for image in images] == [("RGB", (SIDE[name],) * 2)] * 4
    together = pixels(images)
    alone = [pixels(model.draw(PROMPTS[row:][:1], seeds[row:][:1]))[0] for row in (3, 2, 1, 0)]
    assert together == alone[::-1]
    assert together[0] != pixels(model.draw(PROMPTS[:1], [2]))[0]
    assert together[0] != pixels(model.draw(PROMPTS[1:2], [1]))[0]


def janus_by_hand(folder: Path) -> Any:
    """As the model card does it, with the settings of the authors."""
    net = tf.JanusForConditionalGeneration.from_pretrained(folder).eval()
    processor = tf.AutoProcessor.from_pretrained(folder, backend="pil")
    net.generation_config = tf.GenerationConfig(
        bos_token_id=net.config.text_config.bos_token_id,
        pad_token_id=net.config.text_config.pad_token_id,
        eos_token_id=net.config.text_config.eos_token_id,
        do_sample=True, top_k=0, guidance_scale=5.0,
        generation_kwargs={"boi_token_id": processor.tokenizer.boi_token_id},
    )  # fmt: skip
    prompt = f"user: {PROMPTS[0]}; assistant:"
    inputs = processor(text=prompt, generation_mode="image", return_tensors="pt")
    torch.manual_seed(5)
    tokens = net.generate(**inputs, generation_mode="image")
    return processor, net.decode_image_tokens(tokens)[0]


def emu3_by_hand(folder: Path) -> Any:
    """As the model card does it, to the end of the image, with the settings of the authors."""
    net = tf.Emu3ForConditionalGeneration.from_pretrained(folder).eval()
    processor = tf.AutoProcessor.from_pretrained(folder, backend="pil")
    words, size = processor.tokenizer, {"image_area": 24 * 24, "return_for_image_generation": True}
    inputs, negative = (processor(text=[t], return_tensors="pt", **size) for t in (PROMPTS[0], ""))
    inputs.pop("image_sizes")
    closing = [words.eof_token_id, words.eoi_token_id, words.eos_token_id]

    def allowed(_: int, ids: Any) -> list[int]:
        made = len(ids) - inputs["input_ids"].shape[1]
        if made >= 12:
            return [closing[made - 12]]
        line = words.convert_tokens_to_ids("<|extra_200|>")
        return [line] if made % 4 == 3 else net.vocabulary_mapping.image_tokens

    torch.manual_seed(5)
    rows = net.generate(
        **inputs, max_new_tokens=15, do_sample=True, top_k=2048, guidance_scale=3.0,
        prefix_allowed_tokens_fn=allowed, negative_prompt_ids=negative["input_ids"],
        negative_prompt_attention_mask=negative["attention_mask"],
    )  # fmt: skip
    drawn = rows[:, inputs["input_ids"].shape[1] :]
    decoded = net.decode_image_tokens(image_tokens=drawn, height=3, width=3)
    return processor, decoded[0].permute(1, 2, 0)


@pytest.mark.parametrize("name", DRAWING)
def test_an_image_is_that_of_transformers_by_hand(
    folders: dict[str, Path], models: Callable[[str], Unified], name: str
) -> None:
    with torch.inference_mode():
        processor, decoded = {"janus": janus_by_hand, "emu3": emu3_by_hand}[name](folders[name])
    scale = processor.image_processor
    values = decoded.numpy() * np.array(scale.image_std) + np.array(scale.image_mean)
    expected = (values * 255).clip(0, 255)
    (found,) = models(name).draw(PROMPTS[:1], [5])
    assert np.abs(np.asarray(found) - expected).max() <= 1  # their steps round in other places


def test_the_tokens_of_janus_are_those_of_the_definition(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every token by a forward of its own over all that stands before it, without a cache."""
    model = load(folders, "janus", temperature=0.0, guidance=3.0)
    net, words = model._model, model._processor.tokenizer
    drawn: list[torch.Tensor] = []
    decode = net.decode_image_tokens
    monkeypatch.setattr(net, "decode_image_tokens", lambda ids: drawn.extend(ids[0]) or decode(ids))
    model.draw(["a cat"], [1])
    asked = words("user: a cat; assistant:<boi>", return_tensors="pt")["input_ids"]
    absent = torch.full_like(asked, words.pad_token_id)
    absent[:, -1] = words.boi_token_id
    with torch.inference_mode():
        seen = net.get_input_embeddings()(torch.cat([asked, absent]))
        for token in drawn:
            last = net.model.language_model(inputs_embeds=seen).last_hidden_state[:, -1]
            with_prompt, without = net.model.generation_head(last)
            assert token == (without + 3.0 * (with_prompt - without)).argmax()
            new = net.prepare_embeddings_for_image_generation(token.repeat(2, 1))
            seen = torch.cat([seen, new], dim=1)
    assert len(drawn) == 16


@pytest.mark.parametrize("name", FAMILIES)
def test_half_the_bits_still_work(folders: dict[str, Path], name: str) -> None:
    model = Unified(folders[name], device="cpu", dtype="bfloat16", area=AREA[name])
    asked = model.prepare(user(noise_image(1), "what is it"), "conversation")
    (found,) = model.write([asked], SHORT)
    assert isinstance(found, GeneratedText)
    if name in DRAWING:
        assert model.draw(["a cat"], [1])[0].size == (SIDE[name],) * 2


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWING)
def test_options_move_the_image(folders: dict[str, Path], name: str) -> None:
    options: list[dict[str, Any]] = [{}, {"guidance": 2.0}, {"temperature": 0.2}, {"top_k": 2}]
    if name == "emu3":
        options += [{"negative": "a dog, blurry"}, {"guidance": 1.0}]
    drawn = [pixels(load(folders, name, **one).draw(["a cat"], [1]))[0] for one in options]
    assert all(one != drawn[0] for one in drawn[1:])


@pytest.mark.parametrize("name", DRAWING)
def test_the_likeliest_image_has_no_seed(folders: dict[str, Path], name: str) -> None:
    cold = load(folders, name, temperature=0.0)
    first, second = pixels(cold.draw([PROMPTS[0]] * 2, [1, 2]))
    assert first == second
    assert first == pixels(load(folders, name, top_k=1).draw(PROMPTS[:1], [3]))[0]


def test_torch_s_own_numbers_are_left_alone(models: Callable[[str], Unified]) -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    models("janus").draw(PROMPTS[:1], [1])
    assert torch.equal(before, torch.random.get_rng_state())


def test_chameleon_cannot_draw(
    folders: dict[str, Path], models: Callable[[str], Unified], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"cannot generate images, .* janus or emu3$"):
        models("chameleon").draw(PROMPTS[:1], [1])
    shutil.copy(folders["chameleon"] / "config.json", tmp_path)  # no weight is looked at
    with pytest.raises(ModelError, match="cannot generate images"):
        Unified.check(tmp_path, ["draw"])
    Unified.check(tmp_path, ["write"])
    Unified.check(folders["emu3"], ["draw"])


def test_a_folder_without_a_template_draws_the_same(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    bare = unified.emu3(tmp_path / "gen", template=None)
    assert not list(bare.glob("chat_template*"))
    expected = load(folders, "emu3").draw(PROMPTS[:1], [1])
    assert pixels(Unified(bare, **CPU, area=24 * 24).draw(PROMPTS[:1], [1])) == pixels(expected)


def test_an_image_that_the_template_drops_fails(folders: dict[str, Path], tmp_path: Path) -> None:
    blind = tmp_path / "blind.jinja"
    blind.write_text(chat.BLIND)
    model = load(folders, "janus", template=str(blind))
    with pytest.raises(SampleError, match="0 of 1 images reached the model"):
        model.prepare(user(noise_image(1), "what is it"), "conversation")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("janus", {"guidance": 1.0}),
        ("janus", {"negative": "a dog"}),
        ("janus", {"area": 400}),
        ("emu3", {"area": 9}),
    ],
)
def test_options_that_a_family_does_not_take(
    folders: dict[str, Path], name: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ModelError, match=r"Janus needs guidance above 1|than one image token"):
        load(folders, name, **options).draw(PROMPTS[:1], [1])


def test_another_family_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llava"}))
    with pytest.raises(ModelError, match="is a llava model, but unified takes only janus, emu3"):
        Unified(tmp_path, **CPU)


@pytest.mark.parametrize("folder", [None, "empty"])
def test_no_checkpoint_is_refused(tmp_path: Path, folder: str | None) -> None:
    with one_line_error(ModelError, match=r"needs a checkpoint|cannot load its configuration"):
        Unified(tmp_path if folder else None, **CPU)


def test_missing_weights_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(folders["janus"], tmp_path / "torn")
    weights = load_file(folder / "model.safetensors")
    (name,) = [key for key in weights if key.endswith("vqmodel.decoder.conv_out.weight")]
    del weights[name]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks weights: .*decoder\.conv_out\.weight"):
        Unified(folder, **CPU)
