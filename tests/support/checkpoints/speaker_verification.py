"""Tiny checkpoint folders of speaker verification models, as `save_pretrained` writes them."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as tf

from tests.support.checkpoints.parts import save
from tests.support.checkpoints.speech_recognition import SMALL

_MODELS = {
    "wav2vec2": (tf.Wav2Vec2Config, tf.Wav2Vec2ForXVector),
    "wavlm": (tf.WavLMConfig, tf.WavLMForXVector),
    "unispeech-sat": (tf.UniSpeechSatConfig, tf.UniSpeechSatForXVector),
}


def xvector(folder: Path, kind: str = "wavlm", *, masked: bool = False) -> Path:
    """Save a speaker verification model with the TDNN layers of the published checkpoints.

    `masked`: a layer norm in the first layer, and an extractor that returns a mask of padding, as
    in the large models; otherwise a group norm, and no mask.
    """
    torch.manual_seed(0)
    config, model = _MODELS[kind]
    shape = {
        **SMALL,
        "conv_dim": (16,) * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
        "feat_extract_norm": "layer" if masked else "group",
        "do_stable_layer_norm": masked,
        "tdnn_dim": (16, 16, 16, 16, 24),
        "xvector_output_dim": 12,
        "num_labels": 12,
    }
    net = model(config(**shape))
    with torch.no_grad():  # so that the embeddings of an untrained model differ
        for layer in net.tdnn:
            layer.kernel.weight.mul_(20)
    extractor = tf.Wav2Vec2FeatureExtractor(
        sampling_rate=16000, do_normalize=True, return_attention_mask=masked
    )
    return save(folder, net, extractor)
