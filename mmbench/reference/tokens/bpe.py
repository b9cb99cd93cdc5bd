"""Lossless byte-level byte-pair encoding (BPE) of texts.

Sennrich et al. 2016 (arXiv 1508.07909), over bytes as in GPT-2, with the `tokenizers` library.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Bpe:
    """A BPE tokenizer, defined by `description`, the JSON of the `tokenizers` library.

    A space is prepended to each text, so that a word has the same token at every position. Raises
    ValueError for an invalid description.
    """

    def __init__(self, description: str) -> None:
        from tokenizers import Tokenizer

        try:
            self._coder = Tokenizer.from_str(description)
        except Exception as error:  # the library raises no narrower type
            raise ValueError(
                f"not a tokenizer in the JSON format of `tokenizers`: {error}"
            ) from error
        self.description = description

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> Bpe:
        """Train a tokenizer of at most `size` tokens: 256 bytes and the most frequent pairs."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        coder = Tokenizer(models.BPE())
        coder.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        coder.decoder = decoders.ByteLevel()
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        trainer = trainers.BpeTrainer(
            vocab_size=size, initial_alphabet=alphabet, show_progress=False
        )
        coder.train_from_iterator((f" {text}" for text in texts), trainer)
        return cls(coder.to_str())

    def __len__(self) -> int:
        """Return the number of tokens."""
        return int(self._coder.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text."""
        return list(self._coder.encode(f" {text}").ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids. Bytes that are not UTF-8 become U+FFFD."""
        return str(self._coder.decode(list(ids))).removeprefix(" ")
