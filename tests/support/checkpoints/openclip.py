"""Tiny folders and files of open_clip with random weights.

Towers are 32 wide and 2 deep, images are 32 px with patches of 8.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.push_to_hf_hub import save_for_hf
from safetensors.torch import save_file

from tests.support.checkpoints.contrastive import bert_tokenizer, build, siglip2_tokenizer

VISION = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
TEXT = {"context_length": 24, "width": 32, "heads": 2, "layers": 2}
VOCABULARY = 49408  # of the tokenizer in open_clip

VIT = {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": {**TEXT, "vocab_size": VOCABULARY}}
COCA = {
    "embed_dim": 16,
    "custom_text": True,
    "vision_cfg": {
        **VISION, "attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True,
    },
    "text_cfg": {
        **TEXT, "vocab_size": VOCABULARY, "embed_cls": True, "output_tokens": True,
    },
    "multimodal_cfg": {**TEXT, "vocab_size": VOCABULARY, "attn_pooler_heads": 2},
}  # fmt: skip
TIMM = {
    **VIT,
    "vision_cfg": {"timm_model_name": "resnet10t", "timm_pool": "avg", "timm_proj": "linear",
                   "image_size": 64},
}  # fmt: skip
TIMM_VIT = {
    **VIT,
    "vision_cfg": {"timm_model_name": "test_vit", "timm_pool": "", "timm_proj": "linear",
                   "image_size": 160},
}  # fmt: skip
HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
SQUASH = {**HALF, "interpolation": "bilinear", "resize_mode": "squash"}
LONGEST = {**HALF, "resize_mode": "longest", "fill_color": 7}


def siglip() -> dict[str, Any]:
    """Return the configuration of a SigLIP, with a tokenizer of transformers and a bias."""
    return {
        "embed_dim": 32,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {**VISION, "no_ln_pre": True, "pool_type": "avg"},
        "text_cfg": {
            **TEXT,
            "vocab_size": len(siglip2_tokenizer()),
            "hf_tokenizer_name": "owner/of-the-hub",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "pool_type": "last",
            "no_causal_mask": True,
            "proj_bias": True,
        },
    }


def bert(path: Path) -> dict[str, Any]:
    """Write a BERT to `path`, and return a CLIP with its configuration as the text tower."""
    build("bert", path)
    words = {"hf_model_name": str(path), "hf_tokenizer_name": str(path), "context_length": 24}
    return {**VIT, "text_cfg": {**words, "hf_pooler_type": "mean_pooler", "hf_proj_type": "mlp"}}


def folder(path: Path, config: dict[str, Any], preprocessing: dict[str, Any] = SQUASH) -> Path:
    """Write a folder with open_clip's save_for_hf, and replace its preprocessing."""
    described(path, config, preprocessing)
    model = randomised(f"local-dir:{path}")
    words = _tokenizer(config["text_cfg"])
    save_for_hf(model, words, config, path, safe_serialization=True)
    return described(path, config, preprocessing)


def described(path: Path, config: dict[str, Any], preprocessing: dict[str, Any]) -> Path:
    """Write open_clip_config.json; save_for_hf omits the fill colour and the size."""
    path.mkdir(parents=True, exist_ok=True)
    whole = {"model_cfg": config, "preprocess_cfg": preprocessing}
    (path / "open_clip_config.json").write_text(json.dumps(whole))
    return path


def architecture(path: Path, name: str, config: dict[str, Any] = VIT) -> str:
    """Register an architecture in open_clip, and return its name."""
    file = path / f"{name}.json"
    file.write_text(json.dumps(config))
    open_clip.add_model_config(file)
    return name


def randomised(name: str, seed: int = 0, **options: Any) -> Any:
    """Return a model with large random weights, so that every input and layer has an effect."""
    torch.manual_seed(seed)
    model = open_clip.create_model(name, load_weights=False, pretrained_text=False, **options)
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=2.0 * weight[0].numel() ** -0.5)
    return model.eval()


def weights(file: Path, tensors: dict[str, Any], **others: Any) -> Path:
    """Write a plain weights file, or a training checkpoint that also contains `others`."""
    if file.suffix == ".safetensors":
        save_file(tensors, file)
    else:
        torch.save({**others, "state_dict": tensors} if others else tensors, file)
    return file


def _tokenizer(text_config: dict[str, Any]) -> Any:
    if "hf_model_name" in text_config:
        return bert_tokenizer()
    return siglip2_tokenizer() if "hf_tokenizer_name" in text_config else _NoTokenizer()


class _NoTokenizer:
    """A stand-in for open_clip's own tokenizer, which has no files."""

    def save_pretrained(self, path: Path) -> None:
        """Write nothing."""
