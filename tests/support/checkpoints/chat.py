"""Tiny checkpoint folders of models that answer about images and sounds, with random weights."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as tf
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.idefics2.image_processing_pil_idefics2 import Idefics2ImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import (
    LlavaNextImageProcessorPil,
)
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from tests.support.checkpoints.parts import SIDE, WIDE_TOWER, end_ids, letter_tokenizer, save

TEXT = {**WIDE_TOWER, "num_key_value_heads": 2, "max_position_embeddings": 512}
CLIP_TOWER = {**WIDE_TOWER, "model_type": "clip_vision_model", "image_size": 32, "patch_size": 16}
SIGLIP_TOWER = {
    **WIDE_TOWER,
    "model_type": "siglip_vision_model",
    "image_size": 32,
    "patch_size": 16,
}
TEMPLATE = (
    "{% for turn in messages %}{{ turn['role'] }}: {% for part in turn['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}{{ '<' + part['type'] + '>' }}"
    "{% endif %}{% endfor %}; {% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)
BLIND = TEMPLATE.replace("{{ '<' + part['type'] + '>' }}", "")


def llava(folder: Path, *, template: str | None = TEMPLATE) -> Path:
    """LLaVA 1.5: a CLIP tower, a projector, a Llama."""
    torch.manual_seed(0)
    words = letter_tokenizer("<image>")
    image = words.convert_tokens_to_ids("<image>")
    text = tf.LlamaConfig(**TEXT, **end_ids(words), vocab_size=len(words))
    config = tf.LlavaConfig(
        text_config=text,
        vision_config=tf.CLIPVisionConfig(**WIDE_TOWER, image_size=32, patch_size=16),
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
    net.generation_config = tf.GenerationConfig(**end_ids(words), do_sample=True, temperature=0.7)
    return save(folder, net, processor)


def idefics3(folder: Path) -> Path:
    """Idefics 3: a SigLIP tower, images interleaved with text."""
    torch.manual_seed(0)
    words = letter_tokenizer(
        "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>",
        *(f"<row_{i}_col_{j}>" for i in range(1, 3) for j in range(1, 3)),
    )  # fmt: skip
    config = tf.Idefics3Config(
        text_config=tf.LlamaConfig(**TEXT, **end_ids(words), vocab_size=len(words)),
        vision_config={**WIDE_TOWER, "image_size": 32, "patch_size": 8},
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
    words = letter_tokenizer("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
    config = tf.Qwen2AudioConfig(
        audio_config={
            "d_model": 16, "encoder_layers": 1, "encoder_attention_heads": 2,
            "encoder_ffn_dim": 32, "num_mel_bins": 80, "max_source_positions": 1500,
        },
        text_config=tf.Qwen2Config(**TEXT, **end_ids(words), vocab_size=len(words)).to_dict()
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
    net.generation_config = tf.GenerationConfig(**end_ids(words))
    return save(folder, net, processor)


def llava_next(folder: Path) -> Path:
    """LLaVA-NeXT: an image in tiles, as many tokens as its shape asks for."""
    torch.manual_seed(0)
    words = letter_tokenizer("<image>")
    pins = [[32, 64], [64, 32], [64, 64]]
    config = tf.LlavaNextConfig(
        text_config=tf.LlamaConfig(**TEXT, **end_ids(words), vocab_size=len(words)),
        vision_config=tf.CLIPVisionConfig(**CLIP_TOWER),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=pins,
        vision_feature_layer=-1,
    )
    images = LlavaNextImageProcessorPil(
        size={"shortest_edge": 32}, crop_size=SIDE, image_grid_pinpoints=pins
    )
    processor = tf.LlavaNextProcessor(
        images, words, patch_size=16, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=TEMPLATE,
    )  # fmt: skip
    return save(folder, tf.LlavaNextForConditionalGeneration(config), processor)


def idefics2(folder: Path) -> Path:
    """Idefics 2: images at their own shape, resampled to a few tokens."""
    torch.manual_seed(0)
    words = letter_tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>")
    config = tf.Idefics2Config(
        text_config=tf.MistralConfig(**TEXT, **end_ids(words), vocab_size=len(words)),
        vision_config={**WIDE_TOWER, "image_size": 32, "patch_size": 8},
        perceiver_config={
            "resampler_n_latents": 4, "resampler_depth": 1, "resampler_n_heads": 2,
            "num_key_value_heads": 1, "resampler_head_dim": 8, "hidden_size": 32,
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    images = Idefics2ImageProcessorPil(
        size={"shortest_edge": 24, "longest_edge": 32}, do_image_splitting=False
    )
    processor = tf.Idefics2Processor(images, words, image_seq_len=4, chat_template=TEMPLATE)
    return save(folder, tf.Idefics2ForConditionalGeneration(config), processor)


def paligemma(folder: Path) -> Path:
    """PaliGemma: attends to image and question both ways; it comes without a template."""
    torch.manual_seed(0)
    words = letter_tokenizer("<image>")
    config = tf.PaliGemmaConfig(
        text_config=tf.GemmaConfig(**TEXT, **end_ids(words), head_dim=16, vocab_size=len(words)),
        vision_config=tf.SiglipVisionConfig(**SIGLIP_TOWER),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        projection_dim=32,
        hidden_size=32,
    )
    images = SiglipImageProcessorPil(size=SIDE)
    images.image_seq_length = 4
    processor = tf.PaliGemmaProcessor(images, words)
    return save(folder, tf.PaliGemmaForConditionalGeneration(config), processor)


def gemma3(folder: Path) -> Path:
    """Gemma 3: an image is a few soft tokens between its marks."""
    torch.manual_seed(0)
    marks = {"image": "<image_soft_token>", "boi": "<start_of_image>", "eoi": "<end_of_image>"}
    words = letter_tokenizer(*marks.values())
    words.save_pretrained(folder)
    words = tf.PreTrainedTokenizerFast.from_pretrained(
        folder, extra_special_tokens={f"{name}_token": mark for name, mark in marks.items()}
    )
    config = tf.Gemma3Config(
        text_config=tf.Gemma3TextConfig(
            **TEXT, **end_ids(words), head_dim=16, vocab_size=len(words), sliding_window=64
        ),
        vision_config=tf.SiglipVisionConfig(**SIGLIP_TOWER),
        mm_tokens_per_image=4,
        image_token_index=words.convert_tokens_to_ids("<image_soft_token>"),
        boi_token_index=words.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=words.convert_tokens_to_ids("<end_of_image>"),
    )
    template = TEMPLATE.replace("'<' + part['type'] + '>'", "'<start_of_image>'")
    processor = tf.Gemma3Processor(
        Gemma3ImageProcessorPil(size=SIDE), words, chat_template=template, image_seq_length=4
    )
    net = tf.Gemma3ForConditionalGeneration(config)
    # Nothing before a training, so that no image would be seen.
    torch.nn.init.normal_(net.model.multi_modal_projector.mm_input_projection_weight)
    return save(folder, net, processor)


def blip2(folder: Path) -> Path:
    """BLIP-2: a Q-Former between tower and OPT; it comes without a template."""
    torch.manual_seed(0)
    words = letter_tokenizer("<image>")
    config = tf.Blip2Config(
        vision_config={**WIDE_TOWER, "image_size": 32, "patch_size": 16},
        qformer_config={**WIDE_TOWER, "encoder_hidden_size": 32, "vocab_size": 32},
        text_config=tf.OPTConfig(
            hidden_size=32, ffn_dim=64, num_hidden_layers=2, num_attention_heads=2,
            vocab_size=len(words), word_embed_proj_dim=32, init_std=0.3, **end_ids(words),
        ).to_dict(),
        num_query_tokens=4,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    processor = tf.Blip2Processor(BlipImageProcessorPil(size=SIDE), words, num_query_tokens=4)
    return save(folder, tf.Blip2ForConditionalGeneration(config), processor)


def thinking(
    folder: Path, output: str, *, markers: tuple[str, str], special: bool, opened: bool = False
) -> Path:
    """LLaVA, trained until it answers the text `q` with `output`, whose markers are tokens.

    With `special`, decoding can leave the markers out. With `opened`, the template ends with the
    first marker, so that the output begins after it.
    """
    begin = f"assistant:{markers[0] if opened else ''}"
    template = TEMPLATE.replace("assistant:{%", f"{begin}{{%")
    llava(folder, template=template)
    words = tf.AutoTokenizer.from_pretrained(folder)
    words.add_tokens([tf.AddedToken(one, special=special, normalized=False) for one in markers])
    words.save_pretrained(folder)
    net = tf.LlavaForConditionalGeneration.from_pretrained(folder)
    net.resize_token_embeddings(len(words))
    prompt = f"user: q; {begin}"
    ids = torch.tensor([words(f"{prompt}{output}</s>")["input_ids"]])
    labels = ids.clone()
    labels[:, : len(words(prompt)["input_ids"])] = -100
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    for _ in range(300):
        loss = net(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.02:
            break
    net.generation_config = tf.GenerationConfig(**end_ids(words))
    return save(folder, net)
