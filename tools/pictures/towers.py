"""Boxes that several diagrams share: a text tower, projections, and the similarity of pairs."""

from __future__ import annotations

from typing import Protocol

from tools.pictures.diagram import Box


class TextTowerConfig(Protocol):
    """A Config with a text tower."""

    @property
    def vocabulary(self) -> int:
        """Return the number of words."""
        ...

    @property
    def context(self) -> int:
        """Return the largest number of tokens of a text."""
        ...

    @property
    def text_width(self) -> int:
        """Return the number of channels of a token."""
        ...

    @property
    def text_layers(self) -> int:
        """Return the number of blocks."""
        ...

    @property
    def text_heads(self) -> int:
        """Return the number of heads of a block."""
        ...

    @property
    def embedding(self) -> int:
        """The dimension of the shared embedding space."""
        ...


def text_tower(c: TextTowerConfig, column: int, row: float) -> dict[str, Box]:
    """Return the boxes text > tokens > reads > told, in a row that begins at a column."""
    blocks = f"{c.text_layers} blocks, {c.text_heads} heads"
    return {
        "text": Box((column, row), "data", "caption", (f"at most {c.context} tokens",), "n × t"),
        "tokens": Box(
            (column + 1, row), "learnt", "embedding", (f"{c.vocabulary} words, places",),
            f"n × t × {c.text_width}",
        ),
        "reads": Box(
            (column + 2, row), "learnt", "causal transformer", (blocks,), f"n × {c.text_width}"
        ),
        "told": projection(c, column + 3, row, "end"),
    }  # fmt: skip


def projection(c: TextTowerConfig, column: int, row: float, token: str = "") -> Box:
    """Return the box of a projection to unit vectors, of `token` if it is given."""
    note = f"of the {token} token" if token else "unit length"
    return Box((column, row), "learnt", "projection", (note,), f"n × {c.embedding}")


def similarity(column: int, row: float) -> Box:
    """Return the box of the similarity matrix of all pairs."""
    return Box((column, row), "answer", "likeness", ("cosine × scale",), "n × n")


def contrastive(column: int, row: float) -> Box:
    """Return the box of the contrastive loss."""
    lines = ("each among all others:", "cross-entropy of", "both directions")
    return Box((column, row), "loss", "contrastive loss", lines)
