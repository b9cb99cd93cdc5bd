"""A CLIP of the size of ViT-B/32 with random weights, for timing without a download.

The configuration is that of openai/clip-vit-base-patch32: 151 million parameters, 605 MB in
float32. The tokenizer is byte-level BPE as in CLIP, trained on the timed sentences, so that they
have about as many tokens as in CLIP.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

VOCABULARY = 49408  # as in CLIP, although few sentences use only the first rows
TOKENS = 77
MERGES = 2000  # a common word is one token, a rare word two or three


def make_vit_b32(folder: Path, sentences: Iterable[str]) -> Path:
    """Write the checkpoint into `folder`, identically each time, and return `folder`.

    `sentences` train the tokenizer.
    """
    import torch
    from transformers import CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokenizer = make_tokenizer(sentences)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    text = {"hidden_size": 512, "intermediate_size": 2048, "num_attention_heads": 8}
    sizes = {"num_hidden_layers": 12, "max_position_embeddings": TOKENS, "vocab_size": VOCABULARY}
    image = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
    patches = {"num_hidden_layers": 12, "image_size": 224, "patch_size": 32}
    config = CLIPConfig(
        text_config={**text, **sizes, **ends, "pad_token_id": tokenizer.pad_token_id},
        vision_config={**image, **patches},
        projection_dim=512,
    )
    torch.manual_seed(0)
    for part in (CLIPModel(config), tokenizer, CLIPImageProcessorPil()):
        part.save_pretrained(folder)
    return folder


def make_tokenizer(sentences: Iterable[str]) -> CLIPTokenizer:
    """Return CLIP's tokenizer with a new vocabulary: 256 bytes twice, merges, start and end."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from tokenizers.trainers import BpeTrainer
    from transformers import CLIPTokenizer

    rules = CLIPTokenizer().backend_tokenizer  # how CLIP normalises and splits a text
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.normalizer, trained.pre_tokenizer = rules.normalizer, rules.pre_tokenizer
    trainer = BpeTrainer(
        vocab_size=512 + MERGES,
        end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator(sentences, trainer)
    model = json.loads(trained.to_str())["model"]
    vocabulary = model["vocab"]
    for token in ("<|startoftext|>", "<|endoftext|>"):
        vocabulary[token] = len(vocabulary)
    merges = [tuple(pair) for pair in model["merges"]]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=TOKENS)
