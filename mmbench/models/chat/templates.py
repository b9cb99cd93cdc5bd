"""Chat templates of checkpoints, which render messages as the prompt of a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ModelError, SampleError, UnknownName
from mmbench.models.support.library_messages import quiet, reason
from mmbench.types import Audio, Message, VideoFrames
from mmbench.validation.regular_files import read_regular

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Processor
    from mmbench.types import DecodedPart

_OWN = {"messages", "add_generation_prompt"}  # the variables that `render` passes


class ChatTemplate:
    """The chat template of the checkpoint in `folder`, or of the Jinja file at the path `file`.

    `variables` are passed to the template.

    Raises ModelError if there is no template, and if it cannot render messages made of parts.
    Raises UnknownName for a variable that the template does not use.
    """

    def __init__(
        self,
        folder: Path,
        processor: Processor,
        file: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> None:
        self._processor, self._variables = processor, dict(variables or {})
        self._template = _read(file) if file else checkpoint_template(folder, processor)
        if self._template is None:
            raise ModelError(
                f"checkpoint {folder} has no chat template; pass --model-arg template=FILE"
            )
        # A processor may have another template than its folder's: SmolVLM's for videos. It chooses.
        own = file is None and bool(getattr(processor, "chat_template", None))
        self._passed = None if own else self._template
        _refuse_variables(folder, self._template, self._variables)
        self._refuse_text_only(folder)

    def render(self, conversation: Sequence[Message[DecodedPart]]) -> str:
        """Render a conversation as a prompt. Raises SampleError if the template refuses it."""
        from jinja2 import TemplateError

        turns = [
            {"role": message.role, "content": [_part(part) for part in message.parts]}
            for message in conversation
        ]
        try:
            with quiet():
                return self._processor.apply_chat_template(
                    turns,
                    tokenize=False,
                    add_generation_prompt=True,
                    chat_template=self._passed,
                    **self._variables,
                )
        except TemplateError as error:
            raise SampleError(
                f"the model's chat template refuses the conversation: {reason(error)}"
            ) from error

    def _refuse_text_only(self, folder: Path) -> None:
        """Raise ModelError if the template renders only strings, as in text-only models."""
        part = _part("hello")
        try:
            text = self.render([Message("user", ("hello",))])
        except (SampleError, TypeError) as error:
            text = str([part, error])
        if str(part) in text:
            raise ModelError(
                f"checkpoint {folder}: its chat template cannot render a message made of parts;"
                " pass another template with --model-arg template=FILE"
            )


def checkpoint_template(folder: Path, processor: Processor) -> str | None:
    """Return the chat template of the processor, else of its tokenizer, else None.

    The tokenizer matters since processors ignore tokenizer_config.json, where older folders keep
    the template. Of several named templates, `default` is returned, as in transformers. Raises
    ModelError if none of them is called `default`.
    """
    holders = (processor, getattr(processor, "tokenizer", None))
    templates = (getattr(holder, "chat_template", None) for holder in holders)
    template = next((template for template in templates if template), None)
    if isinstance(template, dict) and "default" not in template:
        raise ModelError(
            f"checkpoint {folder} has the chat templates {', '.join(sorted(template))} and no"
            " default; copy one of them into a file and pass --model-arg template=FILE"
        )
    return template["default"] if isinstance(template, dict) else template


def _refuse_variables(folder: Path, template: str, variables: Iterable[str]) -> None:
    """Raise UnknownName for a variable that the source of a template does not mention.

    The source is split into tokens but not parsed, since transformers adds statements to Jinja.
    """
    if not variables:
        return
    from jinja2 import Environment, TemplateError

    try:
        tokens = [*Environment().lex(template)]
    except TemplateError:
        return  # rendering reports the error
    known = {text for _, kind, text in tokens if kind == "name"} - _OWN
    for name in variables:
        if name not in known:
            what = f"variable of the chat template of {folder} in chat_template_kwargs:"
            raise UnknownName(what, name, known)


def _part(part: DecodedPart) -> dict[str, str]:
    """Return a message part as the dictionary that chat templates expect."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Audio):
        return {"type": "audio", "audio": ""}  # Qwen2-Audio's first template reads this key
    return {"type": "video" if isinstance(part, VideoFrames) else "image"}


def _read(template: str) -> str:
    try:
        return read_regular(template).decode()
    except (OSError, ValueError) as error:
        raise ModelError(f"template {template} cannot be read: {reason(error)}") from error
