"""Tiny checkpoint folders of speech models: random weights, as `save_pretrained` writes them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers as tf
from tokenizers import Tokenizer
from transformers import GenerationConfig

from tests.support.checkpoints.parts import letters, save

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
SMALL = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def ctc(folder: Path, *, masked: bool = False, kind: str = "wav2vec2") -> Path:
    """wav2vec 2.0 or HuBERT with a letter vocabulary; `masked`: padding is masked (layer norm)."""
    torch.manual_seed(0)
    vocabulary = folder / "letters.json"
    folder.mkdir(parents=True)
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(LETTERS)}))
    tokenizer = tf.Wav2Vec2CTCTokenizer(str(vocabulary))
    extractor = tf.Wav2Vec2FeatureExtractor(
        sampling_rate=16000, do_normalize=True, return_attention_mask=masked
    )
    shape = {
        **SMALL,
        "vocab_size": len(LETTERS),
        "conv_dim": (16,) * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
        "feat_extract_norm": "layer" if masked else "group",
        "do_stable_layer_norm": masked,
        "pad_token_id": 0,
    }
    config, model = {
        "wav2vec2": (tf.Wav2Vec2Config, tf.Wav2Vec2ForCTC),
        "hubert": (tf.HubertConfig, tf.HubertForCTC),
    }[kind]
    net = model(config(**shape))
    with torch.no_grad():  # so that an untrained head says more than one letter
        net.lm_head.weight.mul_(200)
    save(folder, net, tokenizer, extractor)
    vocabulary.unlink()
    return folder


TASKS = ("transcribe", "translate")
SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"]
ALL_SPECIAL = [
    *(*SPECIAL[:2], "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>"),
    *("<|startofprev|>", "<|nospeech|>", SPECIAL[2]),
]


def whisper(
    folder: Path,
    *,
    special: list[str] = SPECIAL,
    positions: int = 64,
    languages: list[str] | None = None,
) -> Path:
    """Whisper for one language: 80 mel bands, 30 seconds, timestamps at the end.

    faster-whisper requires `ALL_SPECIAL` tokens and 448 positions. With `languages` ("en", "de") it
    is multilingual, and has the empty token by which CTranslate2 knows such a model.
    """
    torch.manual_seed(0)
    inner = letters("") if languages else letters()
    marks = [f"<|{code}|>" for code in languages or ()]
    special = [*special[:2], *marks, *(one for one in special[2:] if one not in marks)]
    inner.add_special_tokens(special)
    inner.add_tokens([f"<|{i * 0.02:.2f}|>" for i in range(1501)])
    tokenizer = tf.WhisperTokenizerFast(
        tokenizer_object=inner, eos_token=SPECIAL[0], bos_token=SPECIAL[0], pad_token=SPECIAL[0]
    )
    end, start, plain = tokenizer.convert_tokens_to_ids(SPECIAL)
    config = tf.WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_target_positions=positions,
        init_std=0.5,  # so that what is heard moves what is said
        eos_token_id=end,
        pad_token_id=end,
        bos_token_id=end,
        decoder_start_token_id=start,
    )
    net = tf.WhisperForConditionalGeneration(config)
    with torch.no_grad():  # an untrained model is not to say timestamps that nobody asked for
        net.model.decoder.embed_tokens.weight[plain:] *= 0.01
    ids = tokenizer.convert_tokens_to_ids
    net.generation_config = GenerationConfig(
        **({"lang_to_id": {mark: ids(mark) for mark in marks}} if languages else {}),
        **({"task_to_id": {t: ids(f"<|{t}|>") for t in TASKS}} if languages else {}),
        eos_token_id=end,
        pad_token_id=end,
        bos_token_id=end,
        decoder_start_token_id=start,
        no_timestamps_token_id=plain,
        is_multilingual=bool(languages),
        max_length=positions,
        max_initial_timestamp_index=50,
    )
    return save(folder, net, tokenizer, tf.WhisperFeatureExtractor())


def ctranslate2_whisper(folder: Path, source: Path) -> Path:
    """Convert the Whisper of transformers in `source` to the format of CTranslate2."""
    from ctranslate2 import converters

    converters.TransformersConverter(str(source), copy_files=["tokenizer.json"]).convert(folder)
    return folder


def moonshine(folder: Path) -> Path:
    """Moonshine: raw sound in, a mask where it is padded."""
    torch.manual_seed(0)
    tokenizer = tf.PreTrainedTokenizerFast(
        tokenizer_object=_with_ends(), bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    config = tf.MoonshineConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        encoder_num_hidden_layers=1,
        decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        initializer_range=0.3,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=tokenizer.bos_token_id,
    )
    extractor = tf.Wav2Vec2FeatureExtractor(
        sampling_rate=16000, do_normalize=False, return_attention_mask=True
    )
    return save(folder, tf.MoonshineForConditionalGeneration(config), tokenizer, extractor)


def _with_ends() -> Tokenizer:
    inner = letters()
    inner.add_special_tokens(["<s>", "</s>"])
    return inner


def speech2text(folder: Path) -> Path:
    """Speech2Text, with a sentencepiece model of letters."""
    import sentencepiece

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["pack my box with five dozen liquor jugs"] * 4), vocab_size=64,
        model_prefix=str(folder / "letters"), model_type="char", hard_vocab_limit=False,
        bos_id=-1, eos_id=-1, minloglevel=2,
    )  # fmt: skip
    letters = sentencepiece.SentencePieceProcessor(model_file=str(folder / "letters.model"))
    pieces = [letters.id_to_piece(i) for i in range(1, letters.get_piece_size())]
    words = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", *pieces])}
    (folder / "words.json").write_text(json.dumps(words))
    tokenizer = tf.Speech2TextTokenizer(str(folder / "words.json"), str(folder / "letters.model"))
    config = tf.Speech2TextConfig(
        vocab_size=len(words), encoder_layers=2, decoder_layers=2, d_model=32, conv_channels=32,
        encoder_ffn_dim=32, decoder_ffn_dim=32, encoder_attention_heads=2,
        decoder_attention_heads=2, input_feat_per_channel=20, max_source_positions=600,
        max_target_positions=100, init_std=0.5,
    )  # fmt: skip
    extractor = tf.Speech2TextFeatureExtractor(feature_size=20, num_mel_bins=20)
    save(folder, tf.Speech2TextForConditionalGeneration(config), tokenizer, extractor)
    for name in ("letters.model", "letters.vocab", "words.json"):
        (folder / name).unlink()
    return folder
