"""Folders as checkpoints are published: older layouts, files that lack what nobody needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from mmbench.errors import ModelError, SampleError
from mmbench.models.chat.adapters import AudioLlm, ChatOptions, Llava
from mmbench.models.speech.ctc import Ctc
from mmbench.models.speech.whisper import Whisper
from mmbench.types import GeneratedText, GenerationConfig, Message
from tests.support.checkpoints import chat, speech_recognition
from tests.support.conversations import replies, user
from tests.support.errors import one_line_error
from tests.support.media.images import noise_image
from tests.support.media.sounds import noise_sound

CPU = {"device": "cpu", "dtype": "float32"}


def test_a_vector_that_only_training_reads_may_be_missing(tmp_path: Path) -> None:
    folder = speech_recognition.ctc(tmp_path / "wav2vec2")
    whole = Ctc(folder, **CPU)
    file = folder / "model.safetensors"
    kept = {name: value for name, value in load_file(file).items() if "masked_spec" not in name}
    assert len(kept) == len(load_file(file)) - 1
    save_file(kept, file, metadata={"format": "pt"})
    sound = whole.prepare(user(noise_sound(1)), "conversation")
    assert Ctc(folder, **CPU).write([sound], GenerationConfig()) == whole.write(
        [sound], GenerationConfig()
    )


def edited(folder: Path, file: str, **changes: Any) -> Path:
    """The folder, with keys of a JSON file set; None removes a key."""
    path = folder / file
    said = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))
    return folder


STEERING = [
    {"repetition_penalty": 1.5},
    {"no_repeat_ngram_size": 1},
    {"guidance_scale": 3.0},
    {"exponential_decay_length_penalty": [1, 3.0]},
    {"num_return_sequences": 2},
    {"stop_strings": ["a"]},
    {"num_beams": 3, "length_penalty": 2.0},
    {"temperature": 1e-6, "top_k": 1, "top_p": 0.001, "max_new_tokens": 3, "max_length": 4},
]


@pytest.mark.parametrize("steering", STEERING, ids=lambda one: next(iter(one)))
def test_a_checkpoint_does_not_steer_what_greedy_means(tmp_path: Path, steering: Any) -> None:
    folder = chat.llava(tmp_path / "llava")
    turns = [user(noise_image(1), "what is it"), user(noise_image(2), "abc")]
    greedy = replies(Llava(folder, **CPU), turns)
    edited(folder, "generation_config.json", **steering)
    assert replies(Llava(folder, **CPU), turns) == greedy


@pytest.mark.parametrize("steering", [STEERING[0], STEERING[1], {"return_timestamps": True}])
def test_nor_does_a_speech_recogniser(tmp_path: Path, steering: Any) -> None:
    folder = speech_recognition.whisper(tmp_path / "whisper")
    greedy = replies(Whisper(folder, **CPU), [user(noise_sound(2))])
    edited(folder, "generation_config.json", **steering)
    assert replies(Whisper(folder, **CPU), [user(noise_sound(2))]) == greedy


@pytest.mark.parametrize("kept", [None, ["patch_size", "vision_feature_select_strategy"]])
def test_llava_before_processors_were_saved_as_a_whole(
    tmp_path: Path, kept: list[str] | None
) -> None:
    folder = chat.llava(tmp_path / "llava")
    asked = user(noise_image(1), "what is it")
    (whole,) = replies(Llava(folder, **CPU), [asked])
    file = folder / "processor_config.json"
    said = json.loads(file.read_text())
    images = {"size": 32, "crop_size": 32, "feature_extractor_type": "CLIPFeatureExtractor"}
    images |= {"image_mean": said["image_processor"]["image_mean"], "resample": 3}
    images |= {"image_std": said["image_processor"]["image_std"]}
    (folder / "preprocessor_config.json").write_text(json.dumps(images))
    file.unlink()
    if kept:
        file.write_text(
            json.dumps({"processor_class": "LlavaProcessor", **{k: said[k] for k in kept}})
        )
    else:
        edited(folder, "preprocessor_config.json", processor_class="LlavaProcessor")
    assert replies(Llava(folder, **CPU), [asked]) == [whole]


@pytest.mark.parametrize(
    "template",
    [
        "{% for turn in messages %}{{ '[INST]' + turn['content'] }}{% endfor %}",
        "{% for turn in messages %}[INST]{{ turn['content'] }}{% endfor %}",
        "{{ raise_exception('no') }}",
        "{% for",
    ],
    ids=["joins", "prints", "raises", "torn"],
)
def test_a_template_that_cannot_render_parts_is_refused(tmp_path: Path, template: str) -> None:
    folder = chat.llava(tmp_path / "llava", template=template)
    with one_line_error(ModelError, match="cannot render a message made of parts"):
        Llava(folder, **CPU)


@pytest.mark.parametrize(
    "held",
    [
        chat.TEMPLATE,
        [
            {"name": "tool_use", "template": chat.BLIND},
            {"name": "default", "template": chat.TEMPLATE},
        ],
    ],
    ids=["one", "by-name"],
)
def test_a_template_in_the_tokenizers_file_alone_is_used(tmp_path: Path, held: Any) -> None:
    turns = user(noise_image(1), "what is it")
    own = chat.llava(tmp_path / "own")
    folder = _with_tokenizers_template(tmp_path / "llava", held)
    assert replies(Llava(folder, **CPU), [turns]) == replies(Llava(own, **CPU), [turns])


def test_a_template_of_the_processor_goes_before_that_of_the_tokenizer(tmp_path: Path) -> None:
    folder = _with_tokenizers_template(tmp_path / "llava", chat.BLIND)
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": chat.TEMPLATE}))
    prepared = Llava(folder, **CPU).prepare(user(noise_image(1)), "conversation")
    assert prepared.text.count("<image>") == 1


def test_templates_of_which_none_is_the_default_are_refused_by_name(tmp_path: Path) -> None:
    held = [{"name": name, "template": chat.TEMPLATE} for name in ("tool_use", "rag")]
    folder = _with_tokenizers_template(tmp_path / "llava", held)
    with pytest.raises(ModelError, match="chat templates rag, tool_use and no default; copy"):
        Llava(folder, **CPU)


def _with_tokenizers_template(folder: Path, held: Any) -> Path:
    """A folder from before chat_template.jinja: the template stands with the tokenizer alone."""
    chat.llava(folder, template=None)
    return edited(folder, "tokenizer_config.json", chat_template=held)


def test_a_template_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"template nowhere\.jinja cannot be read"):
        Llava(chat.llava(tmp_path / "llava"), **CPU, options=ChatOptions(template="nowhere.jinja"))


def test_a_conversation_that_a_template_refuses_fails_alone(tmp_path: Path) -> None:
    rule = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    folder = chat.llava(tmp_path / "llava", template=rule + chat.TEMPLATE)
    model = Llava(folder, **CPU)
    with pytest.raises(SampleError, match="refuses the conversation: TemplateError: no system"):
        model.prepare((Message("system", ("be brief",)), *user("hello")), "conversation")
    assert replies(model, [user("hello")])[0].text


def test_the_first_template_of_qwen2_audio_places_a_sound(tmp_path: Path) -> None:
    folder = chat.qwen2_audio(tmp_path / "qwen2-audio")
    (folder / "chat_template.jinja").write_text(
        "{% for turn in messages %}{% for part in turn['content'] %}"
        "{% if 'audio' in part or 'audio_url' in part %}Audio: <|audio_bos|><|AUDIO|><|audio_eos|>"
        "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
    )
    (found,) = replies(AudioLlm(folder, **CPU), [user(noise_sound(1), "what is it")])
    assert isinstance(found, GeneratedText)


def test_a_long_sound_needs_to_know_the_timestamps(tmp_path: Path) -> None:
    folder = speech_recognition.whisper(tmp_path / "whisper")
    (folder / "generation_config.json").unlink()
    model = Whisper(folder, **CPU)
    with pytest.raises(SampleError, match=r"lasts 31.0 s, .* copy generation_config\.json"):
        model.prepare(user(noise_sound(31)), "conversation")
    assert isinstance(replies(model, [user(noise_sound(1))])[0], GeneratedText)
