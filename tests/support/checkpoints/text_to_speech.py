"""Tiny checkpoint folders of models that speak, with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import transformers as tf

from tests.support.checkpoints import contrastive
from tests.support.checkpoints.parts import letter_tokenizer, save


def vits(folder: Path) -> Path:
    """VITS with a vocabulary of letters."""
    torch.manual_seed(0)
    folder.mkdir(parents=True)
    letters = {letter: i for i, letter in enumerate(" abcdefghijklmnopqrstuvwxyz")}
    (folder / "vocab.json").write_text(json.dumps(letters))
    words = tf.VitsTokenizer(
        str(folder / "vocab.json"), language="eng", add_blank=True, normalize=True,
        phonemize=False, pad_token=" ", unk_token="a",
    )  # fmt: skip
    config = tf.VitsConfig(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        ffn_dim=32, flow_size=16, spectrogram_bins=9, upsample_initial_channel=16,
        upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8], resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]], prior_encoder_num_flows=1,
        posterior_encoder_num_wavenet_layers=1,
        prior_encoder_num_wavenet_layers=1, duration_predictor_num_flows=1,
        duration_predictor_filter_channels=16, depth_separable_num_layers=1,
    )  # fmt: skip
    return save(folder, tf.VitsModel(config), words)


def speecht5(folder: Path) -> tuple[Path, dict[str, str]]:
    """SpeechT5, with the options that name its vocoder and a voice."""
    import sentencepiece

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    texts = folder / "texts.txt"
    texts.write_text("\n".join(contrastive.SENTENCES[:6]))
    sentencepiece.SentencePieceTrainer.train(
        input=str(texts), model_prefix=str(folder / "spm"), vocab_size=45, model_type="char",
        pad_id=1, bos_id=0, eos_id=2, unk_id=3, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    words = tf.SpeechT5Tokenizer(str(folder / "spm.model"))
    config = tf.SpeechT5Config(
        vocab_size=len(words) + 2, hidden_size=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, conv_dim=(16,) * 7, num_mel_bins=8, speech_decoder_prenet_units=16,
        speech_decoder_postnet_units=16, speaker_embedding_dim=8, max_speech_positions=64,
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2, pad_token_id=1,
    )  # fmt: skip
    extractor = tf.SpeechT5FeatureExtractor(num_mel_bins=8)
    processor = tf.SpeechT5Processor(extractor, words)
    save(folder, tf.SpeechT5ForTextToSpeech(config), processor)
    gan = tf.SpeechT5HifiGanConfig(
        model_in_dim=8, upsample_initial_channel=16, upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]],
    )  # fmt: skip
    save(folder / "vocoder", tf.SpeechT5HifiGan(gan))
    np.save(folder / "voice.npy", np.random.default_rng(0).normal(size=8).astype(np.float32))
    return folder, {"vocoder": str(folder / "vocoder"), "speaker": str(folder / "voice.npy")}


def bark(folder: Path) -> Path:
    """Bark: three transformers and Encodec of eight codebooks; a sound is 0.12 s long."""
    torch.manual_seed(0)
    small = {"num_layers": 1, "num_heads": 2, "hidden_size": 8, "block_size": 1024}
    codec = tf.EncodecConfig(
        hidden_size=8, num_filters=2, codebook_dim=8, num_residual_layers=1, num_lstm_layers=1,
        target_bandwidths=[6.0],
    )  # fmt: skip
    config = tf.BarkConfig(
        semantic_config={**small, "input_vocab_size": 129_600, "output_vocab_size": 10_048},
        coarse_acoustics_config={**small, "input_vocab_size": 12_096, "output_vocab_size": 12_096},
        fine_acoustics_config={
            **small, "input_vocab_size": 1056, "output_vocab_size": 1056, "n_codes_total": 8,
            "n_codes_given": 1,
        },
        codec_config=codec.to_dict(),
        initializer_range=0.3,
    )  # fmt: skip
    net = tf.BarkModel(config)
    for layer in net.codec_model.quantizer.layers:  # whose codes are nothing before a training
        layer.codebook.embed.normal_()
    save(folder, net, tf.BarkProcessor(letter_tokenizer()))
    drawn = {"do_sample": True}
    said = {
        "model_type": "bark", "sample_rate": 24_000, "codebook_size": 1024,
        "semantic_config": {"max_new_tokens": 6, **drawn}, "coarse_acoustics_config": drawn,
        "fine_acoustics_config": {"temperature": 0.5},
    }  # fmt: skip
    # By hand: transformers 5.23 cannot save what it can load.
    (folder / "generation_config.json").write_text(json.dumps(said))
    return folder


def voice(file: Path) -> Path:
    """A preset of Bark: half a second in the words of each of its transformers."""
    draws = np.random.default_rng(0)
    np.savez(
        file,
        semantic_prompt=draws.integers(0, 10_000, 25),
        coarse_prompt=draws.integers(0, 1024, (2, 38)),
        fine_prompt=draws.integers(0, 1024, (8, 38)),
    )
    return file
