"""Reading and loading of state dicts in the forms that PyTorch training code saves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import is_zipfile

from mmbench.errors import ModelError
from mmbench.models.support.library_messages import loading, silent
from mmbench.text import listed

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

# Keys of a training checkpoint: the moving average of the weights, and the trained weights.
_AVERAGED = ("state_dict_ema", "model_ema")
_TRAINED = ("state_dict", "model")

# Prefixes that DistributedDataParallel and torch.compile add to the names of tensors.
_WRAPPERS = ("module.", "_orig_mod.")

_LISTED = 3  # maximum number of tensor names in an error


class StateDict(NamedTuple):
    """The tensors of a model by name.

    `key` is the key of the tensors in the file, or "" if the file contains nothing else.
    """

    key: str
    tensors: dict[str, Tensor]

    @property
    def averaged(self) -> bool:
        """Return whether the tensors are a moving average of the weights."""
        return self.key in _AVERAGED


def read_state_dict(file: Path, *, ema: bool = True) -> StateDict:
    """Read the weights of a PyTorch or safetensors file without running code in it.

    A training checkpoint may hold the weights under one of several keys. Their moving average is
    preferred if `ema` is true, and ignored otherwise. Prefixes of wrappers are removed from the
    names. The tensors of a zip file are memory-mapped. Raises ModelError for a TorchScript archive,
    and for a file without weights.
    """
    with silent(), loading(file, "weights"):
        content = _content(file)
    keys = (*_AVERAGED, *_TRAINED) if ema else _TRAINED
    key = next((key for key in keys if isinstance(_get(content, key), dict)), "")
    state = content[key] if key else content
    if not _only_tensors(state):
        raise ModelError(_describe_content(file, content))
    return StateDict(key, _without_wrappers(state))


def load_state_dict(
    model: Module, tensors: dict[str, Tensor], what: str, expected: str, advice: str = ""
) -> None:
    """Load tensors into a model; names and shapes must be equal to those of the model.

    Raises ModelError with the first missing, unexpected and differently shaped tensors. `what`
    describes the weights and `expected` the architecture in this error, which ends with `advice`.
    """
    own = model.state_dict()
    both = own.keys() & tensors.keys()
    faults = {
        "it lacks": own.keys() - both,
        "it also has": tensors.keys() - both,
        "it has in another shape": [key for key in both if own[key].shape != tensors[key].shape],
    }
    if any(faults.values()):
        parts = [
            f"{fault} {listed(sorted(names), _LISTED)}" for fault, names in faults.items() if names
        ]
        end = f"; {advice}" if advice else ""
        raise ModelError(f"{what} does not fit {expected}: {'; '.join(parts)}{end}")
    model.load_state_dict(tensors)


def _content(file: Path) -> Any:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    import torch

    zipped = is_zipfile(file)
    if zipped and _is_torchscript(file):
        raise ModelError(
            f"{file} is a TorchScript archive; save its weights with"
            f" torch.save(torch.jit.load({file.name!r}, map_location='cpu').state_dict(),"
            " 'weights.pt') and give that file"
        )
    return torch.load(file, map_location="cpu", weights_only=True, mmap=zipped)


def _is_torchscript(file: Path) -> bool:
    """Return whether a zip file contains constants of a program, which torch.jit.save writes."""
    from zipfile import ZipFile

    with ZipFile(file) as archive:
        return any(name.rpartition("/")[2] == "constants.pkl" for name in archive.namelist())


def _get(content: Any, key: str) -> Any:
    return content.get(key) if isinstance(content, dict) else None


def _only_tensors(state: Any) -> bool:
    import torch

    if not isinstance(state, dict) or not state:
        return False
    return all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in state.items())


def _describe_content(file: Path, content: Any) -> str:
    content_text = f"a {type(content).__name__}"
    if isinstance(content, dict):
        content_text = f"the keys {listed(map(str, content))}" if content else "nothing"
    return (
        f"{file} holds no weights (looked for named tensors, alone or under"
        f" {', '.join((*_AVERAGED, *_TRAINED))}; found {content_text})"
    )


def _without_wrappers(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _WRAPPERS:
        if all(name.startswith(prefix) for name in state):
            return _without_wrappers({n.removeprefix(prefix): one for n, one in state.items()})
    return state
