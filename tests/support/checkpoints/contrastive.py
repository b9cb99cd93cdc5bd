"""Tiny checkpoint folders with random weights: real architectures, tokenizers and processors.

`build(NAME, folder)` writes what `save_pretrained` writes, from a fixed seed. Towers are 32 wide
and 2 deep, texts end after 24 tokens (64 in the SigLIPs), images are 32 px with patches of 8.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers as tf
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer
from transformers.models.chinese_clip.image_processing_pil_chinese_clip import (
    ChineseCLIPImageProcessorPil,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.efficientnet.image_processing_pil_efficientnet import (
    EfficientNetImageProcessorPil,
)
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil
from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil

from tests.support.checkpoints.parts import SIDE, TOWER, WIDE_TOWER, save

TOKENS = 24
SIGLIP_TOKENS = 64
SENTENCES = [
    "a cat sits on the mat",
    "two dogs run in the green park",
    "a large red square above a small blue circle",
    "The man is riding a bicycle down the street.",
    "a plate of food with rice, beans and meat",
    "a woman holding an umbrella in the rain",
    "一只猫坐在垫子上",
    "两只狗在公园里奔跑",
]

VISION = {**TOWER, "image_size": 32, "patch_size": 8}


def clip(folder: Path, *, legacy: bool = False) -> None:
    """CLIP. `legacy`: the end token's id in the configuration is 2, as in the first releases."""
    tokenizer = clip_tokenizer()
    config = tf.CLIPConfig(
        text_config={**_text(tokenizer), "eos_token_id": 2 if legacy else tokenizer.eos_token_id},
        vision_config=VISION,
        projection_dim=16,
    )
    images = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE)
    _save(folder, tf.CLIPModel(config), tokenizer, images)


def siglip(folder: Path) -> None:
    """SigLIP of a fixed resolution, with a tokenizer that gives no attention mask."""
    tokenizer = siglip2_tokenizer()
    text = _text(tokenizer, SIGLIP_TOKENS)
    config = tf.SiglipConfig(text_config=text, vision_config=VISION)
    _save(folder, tf.SiglipModel(config), tokenizer, SiglipImageProcessorPil(size=SIDE))


def siglip2(folder: Path) -> None:
    """SigLIP 2 of the NaFlex sort: the picture keeps its shape, in at most 256 patches of 16 px."""
    tokenizer = siglip2_tokenizer()
    text, vision = _text(tokenizer, SIGLIP_TOKENS), {**TOWER, "patch_size": 16, "num_patches": 256}
    config = tf.Siglip2Config(text_config=text, vision_config=vision)
    images = Siglip2ImageProcessorPil(patch_size=16, max_num_patches=256)
    _save(folder, tf.Siglip2Model(config), tokenizer, images)


def align(folder: Path) -> None:
    """ALIGN: BERT beside a small EfficientNet."""
    tokenizer = bert_tokenizer()
    config = tf.AlignConfig(
        text_config=_text(tokenizer, 96),  # more than the 64 at which its processor cuts
        vision_config={
            "image_size": 32,
            "width_coefficient": 0.25,
            "depth_coefficient": 0.1,
        },
        projection_dim=80,  # as wide as the last stage of that EfficientNet
    )
    images = EfficientNetImageProcessorPil(size=SIDE, crop_size=SIDE)
    _save(folder, tf.AlignModel(config), tokenizer, images)


def chinese_clip(folder: Path) -> None:
    """Chinese-CLIP: BERT beside a ViT."""
    tokenizer = bert_tokenizer()
    config = tf.ChineseCLIPConfig(
        text_config=_text(tokenizer), vision_config=VISION, projection_dim=16
    )
    images = ChineseCLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE)
    _save(folder, tf.ChineseCLIPModel(config), tokenizer, images)


def clap(folder: Path, *, fused: bool = False) -> Path:
    """CLAP. `fused`: long sounds are cut into pieces."""
    torch.manual_seed(0)
    tokenizer = clip_tokenizer()
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(1)  # as in RoBERTa: positions begin there
    config = tf.ClapConfig(
        text_config={**WIDE_TOWER, "vocab_size": len(tokenizer), "projection_dim": 16,
                     "pad_token_id": 1, "max_position_embeddings": 40},
        audio_config={"spec_size": 128, "num_mel_bins": 64, "patch_size": 4, "patch_stride": [4, 4],
                      "window_size": 2, "hidden_size": 64, "depths": [1, 1], "num_hidden_layers": 2,
                      "num_attention_heads": [2, 2], "patch_embeds_hidden_size": 32,
                      "enable_fusion": fused, "projection_dim": 16, "num_classes": 4,
                      "aff_block_r": 2},
        projection_dim=16,
    )  # fmt: skip
    extractor = tf.ClapFeatureExtractor(
        feature_size=64, sampling_rate=48000, max_length_s=1, hop_length=480, fft_window_size=1024,
        truncation="fusion" if fused else "rand_trunc",
    )  # fmt: skip
    tokenizer.model_max_length = 30
    return save(folder, tf.ClapModel(config), tokenizer, extractor)


def xclip(folder: Path) -> Path:
    """X-CLIP of four frames."""
    torch.manual_seed(0)
    tokenizer = clip_tokenizer()
    config = tf.XCLIPConfig(
        text_config={**TOWER, "vocab_size": len(tokenizer), "max_position_embeddings": 24,
                     "eos_token_id": tokenizer.eos_token_id},
        vision_config={**TOWER, "image_size": 32, "patch_size": 8, "num_frames": 4,
                       "mit_hidden_size": 16, "mit_intermediate_size": 32,
                       "mit_num_attention_heads": 2, "mit_num_hidden_layers": 1},
        projection_dim=16,
    )  # fmt: skip
    frames = VideoMAEImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE)
    return save(folder, tf.XCLIPModel(config), tokenizer, frames)


def bert(folder: Path) -> None:
    """A text model alone, which no image adapter can run."""
    tokenizer = bert_tokenizer()
    _save(folder, tf.BertModel(tf.BertConfig(**_text(tokenizer))), tokenizer)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "clip": clip,
    "clip-legacy": lambda folder: clip(folder, legacy=True),
    "siglip": siglip,
    "siglip2": siglip2,
    "align": align,
    "chinese_clip": chinese_clip,
    "bert": bert,
}


def build(name: str, folder: Path) -> Path:
    """Write the checkpoint `name` (a key of BUILDERS) into `folder`, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    BUILDERS[name](folder)
    return folder


def clip_tokenizer() -> Any:
    """Byte-level BPE in lower case; start and end have the highest ids, as in CLIP."""
    ends = ["<|startoftext|>", "<|endoftext|>"]
    shell = tf.CLIPTokenizer()
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.normalizer = shell.backend_tokenizer.normalizer
    trained.pre_tokenizer = shell.backend_tokenizer.pre_tokenizer
    vocabulary, merges = _train_bpe(
        trained,
        end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    vocabulary |= {token: len(vocabulary) + i for i, token in enumerate(ends)}
    return tf.CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=TOKENS)


def siglip2_tokenizer() -> Any:
    """Sentencepiece-like BPE in lower case, an end token and no start token, no mask."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.normalizer = normalizers.Sequence(
        [normalizers.Lowercase(), normalizers.Replace(" ", "▁")]
    )
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    vocabulary, merges = _train_bpe(trained, special_tokens=special)
    tokenizer = tf.Siglip2Tokenizer(
        vocab=vocabulary,
        merges=merges,
        padding_side="right",
        model_max_length=SIGLIP_TOKENS,
        model_input_names=["input_ids"],
    )
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", vocabulary["<eos>"])]
    )
    return tokenizer


def bert_tokenizer() -> Any:
    """WordPiece between [CLS] and [SEP], one token a Chinese character."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    split, normal = pre_tokenizers.BertPreTokenizer(), normalizers.BertNormalizer()
    words = {
        word
        for sentence in SENTENCES
        for word, _ in split.pre_tokenize_str(normal.normalize_str(sentence))
    }
    pieces = {piece for word in words for letter in word for piece in (letter, f"##{letter}")}
    return tf.BertTokenizer(vocab=_numbered(words | pieces, special))


def _train_bpe(
    trained: Tokenizer, special_tokens: Sequence[str] = (), **options: Any
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    options |= {"special_tokens": list(special_tokens), "show_progress": False}
    trained.train_from_iterator(SENTENCES, BpeTrainer(vocab_size=500, **options))
    model = json.loads(trained.to_str())["model"]
    # The trainer breaks ties at random; the parts of a merge are shorter than its result.
    merges = sorted(
        (tuple(pair) for pair in model["merges"]), key=lambda one: (len("".join(one)), one)
    )
    return _numbered(model["vocab"], special_tokens), merges


def _numbered(vocabulary: Iterable[str], special: Sequence[str]) -> dict[str, int]:
    """Return the tokens with their numbers, which a trainer gives in any order."""
    others = sorted(set(vocabulary) - {*special})
    return {token: number for number, token in enumerate([*special, *others])}


def _text(tokenizer: Any, positions: int = TOKENS) -> dict[str, Any]:
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    size = {"vocab_size": len(tokenizer), "max_position_embeddings": positions}
    return {**TOWER, **size, **ends, "pad_token_id": tokenizer.pad_token_id}


def _save(folder: Path, model: Any, *parts: Any) -> None:
    for weight in model.parameters():
        if weight.ndim > 1:  # wider than a fresh model's, so that every input and layer shows
            torch.nn.init.normal_(weight, std=2.0 * weight[0].numel() ** -0.5)
    for part in (model, *parts):
        part.save_pretrained(folder)
