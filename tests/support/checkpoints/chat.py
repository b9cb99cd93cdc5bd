"""Tiny checkpoint folders of models that answer about images and sounds, with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers as tf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from tests.support.checkpoints.classifiers import SIDE, save

TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "initializer_range": 0.3,
}
TEXT = {**TOWER, "num_key_value_heads": 2, "max_position_embeddings": 512}
TEMPLATE = (
    "{% for turn in messages %}{{ turn['role'] }}: {% for part in turn['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}{{ '<' + part['type'] + '>' }}"
    "{% endif %}{% endfor %}; {% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)
BLIND = TEMPLATE.replace("{{ '<' + part['type'] + '>' }}", "")


def tokenizer(*special: str) -> Any:
    """Byte-level letters, with the tokens that stand for media."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return tf.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        additional_special_tokens=list(special),
    )  # fmt: skip


def _ids(words: Any) -> dict[str, int]:
    ends = ("bos", "eos", "pad")
    return {f"{end}_token_id": getattr(words, f"{end}_token_id") for end in ends}


def llava(folder: Path, *, template: str | None = TEMPLATE) -> Path:
    """LLaVA 1.5: a CLIP tower, a projector, a Llama."""
    torch.manual_seed(0)
    words = tokenizer("<image>")
    image = words.convert_tokens_to_ids("<image>")
    text = tf.LlamaConfig(**TEXT, **_ids(words), vocab_size=len(words))
    config = tf.LlavaConfig(
        text_config=text,
        vision_config=tf.CLIPVisionConfig(**TOWER, image_size=32, patch_size=16),
        image_token_index=image,
        vision_feature_layer=-1,
    )
    processor = tf.LlavaProcessor(
        CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE),
        words,
        patch_size=16,
        vision_feature_select_strategy="default",
        chat_template=template,
        num_additional_image_tokens=1,
    )
    net = tf.LlavaForConditionalGeneration(config)
    net.generation_config = tf.GenerationConfig(**_ids(words), do_sample=True, temperature=0.7)
    return save(folder, net, processor)


def idefics3(folder: Path) -> Path:
    """Idefics 3: a SigLIP tower, images interleaved with text."""
    torch.manual_seed(0)
    words = tokenizer(
        "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>",
        *(f"<row_{i}_col_{j}>" for i in range(1, 3) for j in range(1, 3)),
    )  # fmt: skip
    config = tf.Idefics3Config(
        text_config=tf.LlamaConfig(**TEXT, **_ids(words), vocab_size=len(words)),
        vision_config={**TOWER, "image_size": 32, "patch_size": 8},
        image_token_id=words.convert_tokens_to_ids("<image>"),
        pad_token_id=words.pad_token_id,
        scale_factor=2,
    )
    images = Idefics3ImageProcessorPil(
        size={"longest_edge": 32}, max_image_size={"longest_edge": 32}, do_image_splitting=False
    )
    processor = tf.Idefics3Processor(images, words, image_seq_len=4, chat_template=TEMPLATE)
    return save(folder, tf.Idefics3ForConditionalGeneration(config), processor)


def qwen2_audio(folder: Path) -> Path:
    """Qwen2-Audio: a Whisper encoder and a Qwen 2."""
    torch.manual_seed(0)
    words = tokenizer("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
    config = tf.Qwen2AudioConfig(
        audio_config={
            "d_model": 16, "encoder_layers": 1, "encoder_attention_heads": 2,
            "encoder_ffn_dim": 32, "num_mel_bins": 80, "max_source_positions": 1500,
        },
        text_config=tf.Qwen2Config(**TEXT, **_ids(words), vocab_size=len(words)).to_dict()
        | {"max_position_embeddings": 2048},
        audio_token_index=words.convert_tokens_to_ids("<|AUDIO|>"),
    )  # fmt: skip
    template = TEMPLATE.replace(
        "{{ '<' + part['type'] + '>' }}", "{{ '<|audio_bos|><|AUDIO|><|audio_eos|>' }}"
    )
    processor = tf.Qwen2AudioProcessor(
        tf.WhisperFeatureExtractor(feature_size=80), words, chat_template=template
    )
    net = tf.Qwen2AudioForConditionalGeneration(config)
    net.generation_config = tf.GenerationConfig(**_ids(words))
    return save(folder, net, processor)
