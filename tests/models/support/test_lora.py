"""LoRA adapters: the outputs of peft's own models, and a line for an adapter that does not fit."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from peft import PeftModel
from safetensors.torch import load_file, save_file

from mmbench.errors import MissingExtra, ModelError
from mmbench.models.chat.adapters import ChatOptions, Llava
from mmbench.models.classifiers import AudioClassifier, ImageClassifier
from mmbench.models.contrastive.clap import Clap
from mmbench.models.contrastive.clip import Clip
from mmbench.models.contrastive.xclip import XClip
from mmbench.models.speech.ctc import Ctc
from mmbench.models.speech.whisper import Whisper
from mmbench.models.support.pretrained import load_model
from tests.support.checkpoints import chat, classifiers, contrastive, speech_recognition
from tests.support.checkpoints.lora import lora, trained_lora
from tests.support.conversations import replies, user
from tests.support.errors import one_line_error
from tests.support.media.images import noise_image
from tests.support.media.sounds import noise_sound

CPU = {"device": "cpu", "dtype": "float32"}
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contrastive.build("clip", tmp_path_factory.mktemp("clip") / "base")


@pytest.fixture(scope="module")
def clip_lora(clip: Path) -> Path:
    return lora(clip.parent / "lora", tf.AutoModel.from_pretrained(clip))


def embedded(model: Clip) -> np.ndarray:
    """The features of a text and of an image [2, d]."""
    text = model.embed([model.prepare("a cat sits", "text")], "text", "query")
    image = model.embed([model.prepare(noise_image(3), "image")], "image", "query")
    return np.concatenate([text, image])


def embedded_by_peft(folder: Path, adapter: Path, dtype: torch.dtype) -> np.ndarray:
    net = PeftModel.from_pretrained(tf.AutoModel.from_pretrained(folder, dtype=dtype), adapter)
    words = tf.AutoTokenizer.from_pretrained(folder)("a cat sits", return_tensors="pt")
    images = tf.AutoImageProcessor.from_pretrained(folder, backend="pil")
    pixels = images(noise_image(3), return_tensors="pt")["pixel_values"].to(dtype)
    with torch.inference_mode():
        features = (
            net.eval().get_text_features(**words),
            net.get_image_features(pixel_values=pixels),
        )
    return torch.cat([one.pooler_output for one in features]).float().numpy()


def test_clip_with_a_lora_embeds_as_peft_does(clip: Path, clip_lora: Path) -> None:
    expected = embedded_by_peft(clip, clip_lora, torch.float32)
    assert embedded(Clip(clip, **CPU, lora=str(clip_lora))) == pytest.approx(expected, abs=1e-5)
    assert np.abs(embedded(Clip(clip, **CPU)) - expected).max(axis=1).min() > 0.1


def test_a_lora_is_not_rounded_to_the_precision_of_the_base(clip: Path, clip_lora: Path) -> None:
    expected = embedded_by_peft(clip, clip_lora, torch.bfloat16)
    found = embedded(Clip(clip, device="cpu", dtype="bfloat16", lora=str(clip_lora)))
    assert np.array_equal(found, expected)


def test_a_lora_leaves_no_layer_of_its_own_in_float32(clip: Path, clip_lora: Path) -> None:
    layers = {
        dtype: {
            type(module).__module__.partition(".")[0]
            for module in load_model(clip, device="cpu", dtype=dtype, lora=str(clip_lora)).modules()
        }
        for dtype in ("float32", "bfloat16")
    }
    assert "peft" not in layers["float32"]
    assert "peft" in layers["bfloat16"]


def test_a_lora_that_was_trained_for_three_steps(clip: Path, tmp_path: Path) -> None:
    words = tf.AutoTokenizer.from_pretrained(clip)("a cat sits", return_tensors="pt")
    net = tf.AutoModel.from_pretrained(clip)
    adapter = trained_lora(
        tmp_path,
        net,
        lambda model: model.get_text_features(**words).pooler_output.square().sum(),
        3,
    )
    expected = embedded_by_peft(clip, adapter, torch.float32)
    found = embedded(Clip(clip, **CPU, lora=str(adapter)))
    assert found == pytest.approx(expected, abs=1e-5)
    assert np.square(found[0]).sum() < np.square(embedded(Clip(clip, **CPU))[0]).sum()


@pytest.mark.parametrize(
    "options",
    [
        {"use_dora": True},
        {"use_rslora": True},
        {"target_modules": "all-linear", "modules_to_save": ["visual_projection"]},
    ],
    ids=["dora", "rslora", "whole-modules"],
)
def test_other_sorts_of_lora_embed_as_peft_does(
    clip: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    net = tf.AutoModel.from_pretrained(clip)
    adapter = lora(tmp_path, net, **options)
    expected = embedded_by_peft(clip, adapter, torch.float32)
    found = embedded(Clip(clip, **CPU, lora=str(adapter)))
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_llava_with_a_lora_answers_as_peft_does(tmp_path: Path) -> None:
    folder = chat.llava(tmp_path / "base")
    auto = tf.AutoModelForImageTextToText
    adapter = lora(tmp_path / "lora", auto.from_pretrained(folder))
    net = PeftModel.from_pretrained(auto.from_pretrained(folder), adapter).eval()
    processor = tf.AutoProcessor.from_pretrained(folder)
    turns = [
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "what is it"}]}
    ]
    prompt = processor.apply_chat_template(turns, add_generation_prompt=True)
    inputs = processor(text=prompt, images=noise_image(3), return_tensors="pt")
    settings = {"do_sample": False, "temperature": None, "max_new_tokens": 10}
    ids = net.generate(**inputs, **settings)[0, inputs["input_ids"].shape[1] :]
    expected = processor.tokenizer.decode(ids, skip_special_tokens=True).strip()
    asked = [user(noise_image(3), "what is it")]
    assert (
        replies(Llava(folder, **CPU, options=ChatOptions(lora=str(adapter))), asked)[0].text
        == expected
    )
    assert replies(Llava(folder, **CPU), asked)[0].text != expected


def test_a_lora_of_transformers_4_is_the_same_under_its_names(tmp_path: Path) -> None:
    """transformers 5 renamed the modules of LLaVA and others; most LoRAs on the hub are older."""
    folder, asked = chat.llava(tmp_path / "base"), [user(noise_image(3), "what is it")]
    adapter = lora(tmp_path / "lora", tf.AutoModelForImageTextToText.from_pretrained(folder))
    expected = replies(Llava(folder, **CPU, options=ChatOptions(lora=str(adapter))), asked)
    old = {"model.language_model.": "language_model.model.", "model.vision_tower.": "vision_tower."}
    old["vision_tower.encoder."] = "vision_tower.vision_model.encoder."
    renamed = {}
    for name, weight in load_file(adapter / WEIGHTS).items():
        inner = name.removeprefix("base_model.model.")
        for new, earlier in old.items():
            inner = inner.replace(new, earlier)
        renamed[f"base_model.model.{inner}"] = weight
    assert not renamed.keys() & load_file(adapter / WEIGHTS).keys()
    save_file(renamed, adapter / WEIGHTS)
    assert replies(Llava(folder, **CPU, options=ChatOptions(lora=str(adapter))), asked) == expected


def test_whisper_with_a_lora_writes_as_peft_does(tmp_path: Path) -> None:
    folder = speech_recognition.whisper(tmp_path / "base")
    auto = tf.AutoModelForSpeechSeq2Seq
    adapter = lora(tmp_path / "lora", auto.from_pretrained(folder), task_type="SEQ_2_SEQ_LM")
    net = PeftModel.from_pretrained(auto.from_pretrained(folder), adapter).eval()
    sound = noise_sound(2.5)
    inputs = tf.AutoFeatureExtractor.from_pretrained(folder)(
        sound.samples, sampling_rate=16000, return_tensors="pt", return_attention_mask=True
    )
    ids = net.generate(**inputs, max_new_tokens=10, do_sample=False)
    (expected,) = tf.AutoTokenizer.from_pretrained(folder).batch_decode(
        ids, skip_special_tokens=True
    )
    (found,) = replies(Whisper(folder, **CPU, lora=str(adapter)), [user(sound)])
    assert found.text == expected.strip()
    assert replies(Whisper(folder, **CPU), [user(sound)])[0].text != found.text


def test_ctc_with_a_lora_writes_as_peft_does(tmp_path: Path) -> None:
    folder = speech_recognition.ctc(tmp_path / "base")
    auto = tf.AutoModelForCTC
    adapter = lora(tmp_path / "lora", auto.from_pretrained(folder))
    net = PeftModel.from_pretrained(auto.from_pretrained(folder), adapter).eval()
    sound = noise_sound(1.3)
    inputs = tf.AutoFeatureExtractor.from_pretrained(folder)(
        sound.samples, sampling_rate=16000, return_tensors="pt"
    )
    ids = net(**inputs).logits.argmax(-1)
    (expected,) = tf.AutoTokenizer.from_pretrained(folder).batch_decode(ids)
    (found,) = replies(Ctc(folder, **CPU, lora=str(adapter)), [user(sound)])
    assert found.text == expected.strip()
    assert replies(Ctc(folder, **CPU), [user(sound)])[0].text != found.text


@pytest.mark.parametrize("name", ["image", "audio"])
def test_classifiers_with_a_lora_score_as_peft_does(tmp_path: Path, name: str) -> None:
    cls = ImageClassifier if name == "image" else AudioClassifier
    folder = getattr(classifiers, name)(tmp_path / "base")
    auto = getattr(tf, cls._auto)
    net = auto.from_pretrained(folder)
    adapter = lora(tmp_path / "lora", net, modules_to_save=["classifier"])
    item = noise_image(3) if name == "image" else noise_sound(1.0)
    model = cls(folder, **CPU, lora=str(adapter))
    arrays = model.prepare(item, name)
    wrapped = PeftModel.from_pretrained(auto.from_pretrained(folder), adapter).eval()
    with torch.inference_mode():
        inputs = {key: torch.from_numpy(values)[None] for key, values in arrays.items()}
        expected = wrapped(**inputs).logits.numpy()
    assert model.classify([arrays], name) == pytest.approx(expected, abs=1e-5)
    plain = cls(folder, **CPU).classify([arrays], name)
    assert np.abs(plain - expected).max() > 1e-2


def test_an_adapter_of_another_architecture_is_refused_with_its_names(
    clip: Path, tmp_path: Path
) -> None:
    whisper = speech_recognition.whisper(tmp_path / "whisper")
    net = tf.AutoModelForSpeechSeq2Seq.from_pretrained(whisper)
    adapter = lora(tmp_path / "lora", net)
    with one_line_error(ModelError, match=r"does not fit the checkpoint .*: no place for model\."):
        Clip(clip, **CPU, lora=str(adapter))
    other = lora(tmp_path / "other", tf.AutoModel.from_pretrained(clip), target_modules=["fc1"])
    config = json.loads((other / CONFIG).read_text()) | {"target_modules": ["gate"]}
    (other / CONFIG).write_text(json.dumps(config))
    with one_line_error(ModelError, match=r"cannot load its LoRA: .*Target modules .*'gate'"):
        Clip(clip, **CPU, lora=str(other))


def test_an_adapter_that_was_cut_is_refused(clip: Path, clip_lora: Path, tmp_path: Path) -> None:
    shutil.copytree(clip_lora, tmp_path, dirs_exist_ok=True)
    weights = load_file(tmp_path / WEIGHTS)
    gone = sorted(weights)[:5]
    save_file({k: v for k, v in weights.items() if k not in gone}, tmp_path / WEIGHTS)
    with one_line_error(ModelError, match=r"no weights for text_model\..* and 2 more; give the"):
        Clip(clip, **CPU, lora=str(tmp_path))
    save_file(weights | {gone[0]: torch.zeros(4, 7)}, tmp_path / WEIGHTS)
    with one_line_error(ModelError, match=r"other shapes of text_model\.\S+lora_A\S+; give"):
        Clip(clip, **CPU, lora=str(tmp_path))


def test_an_option_that_this_peft_does_not_know_is_refused(
    clip: Path, clip_lora: Path, tmp_path: Path
) -> None:
    shutil.copytree(clip_lora, tmp_path, dirs_exist_ok=True)
    config = json.loads((tmp_path / CONFIG).read_text()) | {"use_something_new": True}
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with one_line_error(ModelError, match="Unexpected keyword arguments .*use_something_new"):
        Clip(clip, **CPU, lora=str(tmp_path))


def test_a_pickled_adapter_holds_tensors_alone(clip: Path, clip_lora: Path, tmp_path: Path) -> None:
    class Code:
        def __reduce__(self) -> tuple[Any, tuple[Path]]:
            return Path.touch, (tmp_path / "ran",)

    shutil.copytree(clip_lora, tmp_path / "lora")
    weights = load_file(tmp_path / "lora" / WEIGHTS)
    (tmp_path / "lora" / WEIGHTS).unlink()
    torch.save(weights, tmp_path / "lora" / "adapter_model.bin")
    expected = embedded(Clip(clip, **CPU, lora=str(clip_lora)))
    assert np.array_equal(embedded(Clip(clip, **CPU, lora=str(tmp_path / "lora"))), expected)
    torch.save({"a": Code()}, tmp_path / "lora" / "adapter_model.bin")
    with one_line_error(ModelError, match="contain objects other than tensors"):
        Clip(clip, **CPU, lora=str(tmp_path / "lora"))
    assert not (tmp_path / "ran").exists()


def test_what_is_no_lora_is_named(clip: Path, clip_lora: Path, tmp_path: Path) -> None:
    with one_line_error(ModelError, match="is a whole checkpoint; give it after the @"):
        Clip(clip, **CPU, lora=str(clip))
    with one_line_error(ModelError, match=r"has no adapter_config\.json; give a folder that peft"):
        Clip(clip, **CPU, lora=str(tmp_path))
    shutil.copytree(clip_lora, tmp_path / "checkpoint-5")
    with one_line_error(
        ModelError, match=r"no adapter_config\.json; give its subfolder checkpoint-5$"
    ):
        Clip(clip, **CPU, lora=str(tmp_path))
    shutil.copy(clip_lora / CONFIG, tmp_path)
    with one_line_error(ModelError, match=r"has no weights .looked for adapter_model\.safetensors"):
        Clip(clip, **CPU, lora=str(tmp_path))
    shutil.copy(clip_lora / WEIGHTS, tmp_path)
    (tmp_path / CONFIG).write_text('{"peft_type": "PREFIX_TUNING"}')
    with one_line_error(ModelError, match="is an adapter of the type PREFIX_TUNING; give a LoRA"):
        Clip(clip, **CPU, lora=str(tmp_path))


def test_an_adapter_in_the_place_of_a_checkpoint_says_what_to_type(
    clip: Path, clip_lora: Path
) -> None:
    with one_line_error(ModelError, match="is an adapter of peft; type ") as raised:
        Clip(clip_lora, **CPU)
    assert str(raised.value).endswith(f" clip@{clip} --model-arg lora={clip_lora}")


def test_without_peft_the_extra_is_named(
    clip: Path, clip_lora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(
        MissingExtra, match=r"option lora needs peft: pip install 'mmbench\[lora\]'"
    ):
        Clip(clip, **CPU, lora=str(clip_lora))


@pytest.mark.parametrize(("name", "cls"), [("clap", Clap), ("xclip", XClip)])
def test_other_dual_encoders_have_the_weights_that_peft_merges(
    tmp_path: Path, name: str, cls: Any
) -> None:
    folder = getattr(contrastive, name)(tmp_path / "base")
    targets = {"clap": ["query", "value"], "xclip": ["q_proj", "v_proj"]}[name]
    adapter = lora(tmp_path / "lora", tf.AutoModel.from_pretrained(folder), target_modules=targets)
    net = PeftModel.from_pretrained(tf.AutoModel.from_pretrained(folder), adapter)
    expected = net.merge_and_unload().state_dict()
    found = cls(folder, **CPU, lora=str(adapter))._encoder.model.state_dict()
    assert found.keys() == expected.keys()
    for key, weight in expected.items():
        assert torch.equal(found[key], weight), key
