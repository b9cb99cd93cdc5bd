"""Byte-level byte-pair encoding: any text as tokens, and back without loss.

Sennrich et al. 2016 (arXiv 1508.07909), over bytes as in GPT-2, by the `tokenizers` library.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Bpe:
    """The encoding that a `description`, the library's JSON, says.

    A text is encoded as if a space stood before it, so that a word has the same token wherever it
    stands. Raises ValueError for a text that is no such description.
    """

    def __init__(self, description: str) -> None:
        from tokenizers import Tokenizer

        try:
            self._coder = Tokenizer.from_str(description)
        except Exception as error:  # the library raises no narrower one
            raise ValueError(f"no description of an encoding: {error}") from error
        self.description = description

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> Bpe:
        """At most `size` tokens: the 256 bytes, and the pairs that are commonest in the texts."""
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
        """How many tokens there are."""
        return int(self._coder.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Ids from 0."""
        return list(self._coder.encode(f" {text}").ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text. Bytes that are no UTF-8, which no text encodes to, become U+FFFD."""
        return str(self._coder.decode(list(ids))).removeprefix(" ")
