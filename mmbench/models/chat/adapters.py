"""Models that answer by a chat template: from messages to tokens, and from tokens to a text.

Everything comes from the checkpoint's own processor and template. Processors and templates are
known to drop an image or a sound without a word, so that each medium is counted on its way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ModelError, SampleError
from mmbench.models.support.generation import cut_at, ends, greedy_or_sampled, unsteered
from mmbench.models.support.groups import map_groups
from mmbench.models.support.pretrained import load_model, load_processor, quiet, reason
from mmbench.models.support.seeds import seeded
from mmbench.models.support.videos import video_inputs
from mmbench.types import Clip, Generation, Message, Modality, Sound, Written
from mmbench.validation.regular_files import read_regular

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.models.support.library_types import Batch, Configuration, Processor
    from mmbench.types import Array, DecodedPart

# What a processor calls the token that stands for a medium in a text, by modality.
_MARKS: dict[Modality, tuple[str, ...]] = {
    "image": ("image_token", "boi_token"),
    "video": ("video_token",),
    "audio": ("audio_token", "boa_token"),
}


class Asked(NamedTuple):
    """A conversation as its template renders it, and its media in their order.

    A sound is its samples, float32 [n].
    """

    text: str
    images: list[Image]
    videos: list[Clip]
    sounds: list[Array]

    @property
    def counts(self) -> dict[Modality, int]:
        """How many media of each sort there are."""
        return {
            "image": len(self.images),
            "video": len(self.videos),
            "audio": len(self.sounds),
        }


class Chat:
    """A generative model of transformers with a processor and a chat template.

    `folder` holds them as `save_pretrained` writes them; `auto` is the class of transformers that
    loads the model, `needs` the parts that its processor must have. `template` is the path of a
    Jinja file for a checkpoint that has none. Raises ModelError when a part is missing.
    """

    version = 1
    bfloat16 = True  # trained and served in it: what `--dtype auto` takes where there is any
    default_checkpoint: str | None = None

    def __init__(
        self,
        folder: Path | None,
        auto: str,
        needs: Sequence[str],
        *,
        device: str,
        dtype: str,
        template: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        import torch

        if folder is None:
            raise ModelError("a language model needs a checkpoint: type NAME@CHECKPOINT")
        self._device, self._dtype = device, getattr(torch, dtype)
        self._processor = load_processor(folder, trust_remote_code=trust_remote_code)
        _refuse_halves(folder, self._processor, needs)
        self._tokenizer = self._processor.tokenizer
        self._template = _read(template) if template else own_template(folder, self._processor)
        if self._template is None:
            raise ModelError(
                f"checkpoint {folder} has no chat template: give one, --model-arg template=FILE"
            )
        self._refuse_template(folder)
        self._model = load_model(
            folder, device=device, dtype=dtype, auto=auto, trust_remote_code=trust_remote_code
        )
        _complete(self._processor, self._model.config)
        self._model.generation_config = unsteered(self._model.generation_config)
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token

    def _refuse_template(self, folder: Path) -> None:
        """Templates of language models alone fail on parts, or print the list of them."""
        part = _part("hello")
        try:
            text = self._rendered([{"role": "user", "content": [part]}])
        except (SampleError, TypeError) as error:
            text = str([part, error])
        if str(part) in text:
            raise ModelError(
                f"checkpoint {folder}: its chat template cannot render a message made of parts:"
                " give one that can, --model-arg template=FILE"
            )

    def _rendered(self, turns: Sequence[Mapping[str, object]]) -> str:
        from jinja2 import TemplateError

        try:
            text: str = self._processor.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True, chat_template=self._template
            )
        except TemplateError as error:
            raise SampleError(f"its template refuses the conversation: {reason(error)}") from error
        return text

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> Asked:
        """A conversation to its text.

        Raises SampleError where the template drops a medium, or takes no such conversation.
        """
        turns = [
            {"role": message.role, "content": [_part(part) for part in message.parts]}
            for message in item
        ]
        text = self._rendered(turns)
        parts = [part for message in item for part in message.parts]
        asked = Asked(
            text,
            images=[part for part in parts if not isinstance(part, str | Clip | Sound)],
            videos=[part for part in parts if isinstance(part, Clip)],
            sounds=[part.samples for part in parts if isinstance(part, Sound)],
        )
        for modality, given in asked.counts.items():
            self._refuse_drop(modality, given, self._marks(modality, text))
        return asked

    def _marks(self, modality: Modality, text: str) -> int:
        marks = [getattr(self._processor, name, None) for name in _MARKS[modality]]
        return max((text.count(str(mark)) for mark in marks if mark), default=0)

    def _refuse_drop(self, modality: Modality, given: int, arrived: int) -> None:
        if arrived < given:
            raise SampleError(
                f"{arrived} of {given} {modality}s reached the model: its chat template or"
                f" processor has no place for {modality}s there"
            )

    def write(
        self, conversations: Sequence[Asked], options: Generation
    ) -> list[Written | SampleError]:
        """Answers to n prepared conversations. Those with as many media share a forward."""
        answer = partial(
            self._one_by_one if options.temperature > 0 else self._answers, options=options
        )
        return map_groups(conversations, lambda one: list(one.counts.values()), answer)

    def _answers(self, asked: list[Asked], options: Generation) -> list[Written | SampleError]:
        import torch

        try:
            inputs = self._inputs(asked)
        except SampleError as error:
            return [error] * len(asked) if len(asked) == 1 else self._one_by_one(asked, options)
        width = inputs["input_ids"].shape[1]
        with quiet(), seeded(options.seed, self._device), torch.inference_mode():
            rows = self._model.generate(
                **inputs,
                **greedy_or_sampled(options),
                pad_token_id=self._tokenizer.pad_token_id,
            )
        return [self._written(row[width:].tolist(), options) for row in rows]

    def _one_by_one(self, asked: list[Asked], options: Generation) -> list[Written | SampleError]:
        """Answers that do not depend on each other: one whose medium was dropped fails alone."""
        return [answer for one in asked for answer in self._answers([one], options)]

    def _inputs(self, asked: list[Asked]) -> Batch:
        """What the model takes, padded at the left.

        Raises SampleError for a dropped medium, and for what its processor refuses: PaliGemma's
        takes no conversation without an image.
        """
        media: dict[str, object] = {}
        if asked[0].images:
            media["images"] = [one.images for one in asked]
        if asked[0].videos:
            media |= video_inputs([clip for one in asked for clip in one.videos])
        if asked[0].sounds:  # a flat list, whose place the tokens of the texts tell
            media["audio"] = [sound for one in asked for sound in one.sounds]
            media["sampling_rate"] = self._processor.feature_extractor.sampling_rate
        try:
            with quiet():
                inputs = self._processor(
                    text=[one.text for one in asked],
                    **media,
                    padding=True,
                    padding_side="left",
                    return_tensors="pt",
                    add_special_tokens=not self._begins(asked[0].text),
                )
        except ValueError as error:
            raise SampleError(f"its processor refuses the conversation: {reason(error)}") from error
        self._refuse_unseen(inputs, asked)
        return inputs.to(self._device, self._dtype)

    def _begins(self, text: str) -> bool:
        """Whether the template has written the token that begins a text itself."""
        begin = self._tokenizer.bos_token
        return bool(begin) and text.startswith(begin)

    def _refuse_unseen(self, inputs: Batch, asked: list[Asked]) -> None:
        """Every row with media must hold their tokens."""
        for name in _MARKS:
            mark = getattr(self._processor, f"{name}_token_id", None)
            if mark is None or not asked[0].counts[name]:
                continue
            for one, ids in zip(asked, inputs["input_ids"], strict=True):
                self._refuse_drop(name, one.counts[name], int((ids == mark).sum()))

    def _written(self, ids: list[int], options: Generation) -> Written:
        stops = ends(self._model, self._tokenizer)
        end = next((at for at, token in enumerate(ids) if token in stops), None)
        said = ids if end is None else ids[:end]
        text = self._tokenizer.decode(said, skip_special_tokens=True)
        cut = cut_at(text, options.stop)
        stopped = end is not None or cut != text or len(ids) < options.max_tokens
        return Written(cut.strip(), "stop" if stopped else "length", len(said))

    def loglikelihood(self, conversations: Sequence[Asked], texts: Sequence[str]) -> Array:
        """Log-probability of each text as the answer, and its number of tokens, float32 [n, 2].

        The tokens of the text follow those of the prompt, each tokenised by itself, so that the
        prompt is the same for every text. Each is read off a step of generation, so that what a
        model attends to, and where it counts its positions from, is what it is when it writes. One
        at a time: nothing is padded.
        """
        import numpy as np

        pairs = zip(conversations, texts, strict=True)
        return np.array([self._rated(asked, text) for asked, text in pairs], np.float32)

    def _rated(self, asked: Asked, text: str) -> tuple[float, int]:
        import torch

        said = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        if not said:
            return 0.0, 0
        forced = iter(said)
        with quiet(), torch.inference_mode():
            made = self._model.generate(
                **self._inputs([asked]),
                **greedy_or_sampled(Generation(max_tokens=len(said))),
                prefix_allowed_tokens_fn=lambda _row, _ids: [next(forced)],
                pad_token_id=self._tokenizer.pad_token_id,
                return_dict_in_generate=True,
                output_logits=True,  # as they were before all but one token was forbidden
            )
        scores = torch.cat(made.logits).float().log_softmax(-1).cpu()
        return float(scores[range(len(said)), said].sum()), len(said)


def _part(part: DecodedPart) -> dict[str, str]:
    """A part of a message as templates take it."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Sound):
        return {"type": "audio", "audio": ""}  # Qwen2-Audio's first template looks for the key
    return {"type": "video" if isinstance(part, Clip) else "image"}


def own_template(folder: Path, processor: Processor) -> str | None:
    """The chat template of `folder`: its processor's, else its tokenizer's; None where it has none.

    Processors do not look into tokenizer_config.json, where older folders hold theirs. Of several
    by name it is `default`, as transformers chooses. Raises ModelError where none is called so.
    """
    holders = (processor, getattr(processor, "tokenizer", None))
    held = (getattr(holder, "chat_template", None) for holder in holders)
    found = next((one for one in held if one), None)
    if isinstance(found, dict) and "default" not in found:
        raise ModelError(
            f"checkpoint {folder} has the chat templates {', '.join(sorted(found))} and no default:"
            " copy one of them into a file, --model-arg template=FILE"
        )
    return found["default"] if isinstance(found, dict) else found


def _read(template: str) -> str:
    try:
        return read_regular(template).decode()
    except (OSError, ValueError) as error:
        raise ModelError(f"template {template}: cannot be read: {reason(error)}") from error


def _complete(processor: Configuration, config: Configuration) -> None:
    """Tell a processor of LLaVA's how many tokens an image has, where its folder does not.

    Folders from before 2025 lack a processor_config.json, or one that counts the class token of
    CLIP; the model's configuration has it all.
    """
    if not hasattr(processor, "num_additional_image_tokens"):
        return
    tower = config.vision_config
    processor.patch_size = processor.patch_size or tower.patch_size
    if processor.vision_feature_select_strategy is None:
        processor.vision_feature_select_strategy = config.vision_feature_select_strategy
    if tower.model_type == "clip_vision_model":
        processor.num_additional_image_tokens = 1


def _refuse_halves(folder: Path, processor: Processor, needs: Sequence[str]) -> None:
    """AutoProcessor gives what it finds: less than all without torchvision, or with a file gone."""
    if hasattr(processor, "num_query_tokens"):
        raise ModelError(
            f"checkpoint {folder}: {type(processor).__name__} puts one image before a text by"
            " itself; a model is needed whose conversations say where images stand"
        )
    missing = [name for name in ("tokenizer", *needs) if not hasattr(processor, name)]
    if missing:
        raise ModelError(
            f"checkpoint {folder}: its processor has no {', '.join(missing)}: a file is missing, or"
            " a library that it needs, as torchvision for videos: pip install 'mmbench[video]'"
        )
