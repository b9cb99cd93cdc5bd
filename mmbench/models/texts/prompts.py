"""Prompts of text encoders, which precede queries and documents.

E5 models read `query: TEXT` and `passage: TEXT` (intfloat/e5-base-v2, README.md). Models that
follow instructions read `Instruct: INSTRUCTION`, a line break, and `Query: TEXT`, and their
documents have no prompt (intfloat/multilingual-e5-large-instruct, README.md,
`get_detailed_instruct`). sentence-transformers keeps prefixes in config_sentence_transformers.json:
`encode_query` uses the prefix `query`, and `encode_document` the first of `document`, `passage` and
`corpus` (sentence_transformers 6.2.0, `SentenceTransformer.encode_document`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from mmbench.errors import ModelError
from mmbench.models.texts.sentences import read_settings
from mmbench.types import Role

_TEXT, _INSTRUCTION = "{text}", "{instruction}"
_NAMES: dict[Role, tuple[str, ...]] = {
    "query": ("query",),
    "document": ("document", "passage", "corpus"),
}


class Prompts(NamedTuple):
    """Templates of queries and of documents, with the places {text} and {instruction}.

    A template without {text} is a prefix.
    """

    query: str = _TEXT
    document: str = _TEXT

    def apply(self, text: str, role: Role, instruction: str = "") -> str:
        """Return a text in the template of its role.

        Raises ModelError if the template needs an instruction, and there is none.
        """
        template = self.query if role == "query" else self.document
        if _INSTRUCTION in template and not instruction:
            raise ModelError(
                f"model text-encoder: the prompt {template!r} needs an instruction, and the task"
                " has none; add `instruction:` to the task file, or write it into the prompt"
            )
        head, place, tail = template.partition(_TEXT)
        parts = (part.replace(_INSTRUCTION, instruction) for part in (head, tail))
        return text.join(parts) if place else f"{next(parts)}{text}"


def prompts_for(
    folder: Path, query: str | None, document: str | None, *, from_checkpoint: bool
) -> Prompts:
    """Return the prompts of the options; if `from_checkpoint`, those of the folder for the others.

    Raises ModelError if the folder has no prompts, or an invalid file.
    """
    stored = _stored(folder) if from_checkpoint else {}
    found = {role: _named(stored, role) for role in _NAMES}
    if from_checkpoint and not any(found.values()):
        raise ModelError(
            f"checkpoint {folder} has no prompts for queries and documents (looked for prompts in"
            " config_sentence_transformers.json); use query_prompt and document_prompt"
        )
    return Prompts(
        found["query"] or _TEXT if query is None else query,
        found["document"] or _TEXT if document is None else document,
    )


def _stored(folder: Path) -> dict[str, Any]:
    file = folder / "config_sentence_transformers.json"
    if not file.is_file():
        return {}
    prompts = read_settings(file, dict[str, Any]).get("prompts")
    return prompts if isinstance(prompts, dict) else {}


def _named(stored: dict[str, Any], role: Role) -> str:
    """Return the prefix for a role with its braces as they are; "" if there is none."""
    return next((str(stored[name]) for name in _NAMES[role] if stored.get(name)), "")
