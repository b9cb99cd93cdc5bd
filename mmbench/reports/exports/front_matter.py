"""The front matter of a model card: results are merged into its `model-index`.

Only the text of `model-index` is replaced; all other bytes of the card stay as they are. Results of
other programs are copied as nodes of YAML, not as values: PyYAML reads the language `no` as false,
and would write `false`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmbench.errors import UserError
from mmbench.text import plain
from mmbench.validation.safe_parse import parse_yaml

if TYPE_CHECKING:
    import yaml
    from huggingface_hub import EvalResult

MADE_BY = "mmbench"  # the argument of a metric that marks the results of mmbench
_KEY = "model-index"
_BOM = b"\xef\xbb\xbf"


def merged(card: bytes, name: str, results: Sequence[EvalResult], where: str) -> bytes:
    """Return a model card with results added to its `model-index`.

    `card` is b"" for a new card, `name` the name of the model in a new index, `where` the place of
    the card for messages. Results that mmbench wrote earlier for the same task, data set and score
    are replaced. Raises UserError for a card that is not text, or whose front matter is not valid.
    """
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    text = _decoded(card, where)
    match = REGEX_YAML_BLOCK.search(text)
    if match is None:
        line_break = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
        block = f"---\n{_merged_block('', name, results, where)}---\n"
        new = f"{block.replace(chr(10), line_break)}{text}"
    else:
        end = match[3].lstrip("\r\n")
        line_break = match[3].removesuffix(end)
        block = _merged_block(f"{match[2]}{line_break}", name, results, where)
        new = f"{match[1]}{block}{end}{text[match.end() :]}"
    _check(new, where)
    return (_BOM if card.startswith(_BOM) else b"") + new.encode()


def _decoded(card: bytes, where: str) -> str:
    try:
        return card.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid(where, "it is not UTF-8") from error


def _invalid(where: str, reason: str) -> UserError:
    return UserError(
        f"--file {plain(where)}: not a model card to which results can be added: {plain(reason)};"
        " correct it, or give another file"
    )


def _check(card: str, where: str) -> None:
    """Raise UserError if huggingface_hub cannot read a card."""
    import yaml
    from huggingface_hub import ModelCard

    try:
        ModelCard(card)
    except (ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        raise _invalid(where, str(error)) from error


def _merged_block(block: str, name: str, results: Sequence[EvalResult], where: str) -> str:
    """Return the YAML of a front matter, which ends with a line break, with results merged."""
    import yaml

    try:
        parse_yaml(block)  # limits nesting and aliases
    except ValueError as error:
        raise _invalid(where, str(error)) from error
    root = yaml.compose(block, Loader=yaml.SafeLoader)
    line_break = "\r\n" if block.endswith("\r\n") else "\n"
    if root is None:
        return f"{block.lstrip()}{_new_index(name, results)}".replace("\n", line_break)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise _invalid(where, "its front matter is not lines of `key: value`")
    for key, value in root.value:
        if key.value == _KEY:
            start, end = key.start_mark.index, value.end_mark.index
            index = _extended_index(value, name, results, where).replace("\n", line_break)
            return f"{block[:start]}{index}{_comments(block[start:end])}{block[end:]}"
    return f"{block}{_new_index(name, results).replace(chr(10), line_break)}"


def _comments(text: str) -> str:
    """Return the comments and empty lines at the end of a text, which belong to what follows."""
    lines = text.splitlines(keepends=True)
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return "".join(lines[end:])


def _new_index(name: str, results: Sequence[EvalResult]) -> str:
    from huggingface_hub.utils import yaml_dump

    index = [{"name": name, "results": _as_values(results)}]
    return str(yaml_dump({_KEY: index}, sort_keys=False))


def _as_values(results: Sequence[EvalResult]) -> list[object]:
    """Return the results of a `model-index`, one for each score.

    huggingface_hub would group the scores of a task and a data set under the source of the first.
    """
    from huggingface_hub.repocard_data import eval_results_to_model_index

    return [eval_results_to_model_index("", [one])[0]["results"][0] for one in results]


def _extended_index(node: yaml.Node, name: str, results: Sequence[EvalResult], where: str) -> str:
    """Return the YAML of an existing `model-index` with results added to its first model."""
    import yaml
    from huggingface_hub.utils import yaml_dump

    if not node.value or node.value in ("null", "~"):
        return _new_index(name, results)
    if not isinstance(node, yaml.SequenceNode):
        raise _invalid(where, f"{_KEY} is not a list")
    model, existing = node.value[0], _field(node.value[0], "results")
    if not isinstance(model, yaml.MappingNode) or not isinstance(existing, yaml.SequenceNode):
        raise _invalid(where, f"the first model in {_KEY} has no list of results")
    new = yaml.compose(yaml_dump(_as_values(results), sort_keys=False), Loader=yaml.SafeLoader)
    added = [] if new is None else new.value
    replaced = {_identity(result) for result in added}
    others = [result for result in existing.value if _identity(result) not in replaced]
    existing.value[:] = [*others, *added]
    node.flow_style = model.flow_style = existing.flow_style = False
    key = yaml.ScalarNode("tag:yaml.org,2002:str", _KEY)
    root = yaml.MappingNode("tag:yaml.org,2002:map", [(key, node)], flow_style=False)
    return str(yaml.serialize(root, allow_unicode=True))


def _identity(result: yaml.Node) -> tuple[str, ...] | None:
    """Return what identifies a result of mmbench: task, data set and score.

    Return None for a result of another program.
    """
    metrics = _field(result, "metrics")
    metric = metrics.value[0] if metrics is not None and len(metrics.value) == 1 else None
    if _field(_field(metric, "args"), MADE_BY) is None:
        return None
    task, data_set = _field(result, "task"), _field(result, "dataset")
    places = (_field(task, "name"), _field(data_set, "type"), _field(metric, "name"))
    return tuple(str(node.value) if node is not None else "" for node in places)


def _field(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the node of a key in a mapping, None if there is none or the node is no mapping."""
    import yaml

    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)
