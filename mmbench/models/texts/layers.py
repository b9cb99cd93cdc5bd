"""The layers and the length limit of an encoder of transformers."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ModelError

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Network

# Where models have the list of their layers: BERT, RoBERTa, MPNet, DeBERTa, ELECTRA; DistilBERT;
# XLNet; ModernBERT, and language models such as Llama.
_LAYERS = ("encoder.layer", "transformer.layer", "layer", "layers")


def refuse_decoder(model: Network, folder: Path) -> None:
    """Raise ModelError for a model with an encoder and a decoder, such as T5 or BART."""
    if getattr(model.config, "is_encoder_decoder", False):
        raise ModelError(
            f"checkpoint {folder} is a {model.config.model_type} model with a decoder, but"
            " text-encoder needs an encoder alone (bert, roberta, mpnet, deberta-v2 ...)"
        )


def keep_layers(model: Network, n: int, folder: Path) -> None:
    """Remove all layers after the first `n`, so that the output is that of layer `n`.

    A norm after the last layer is kept, as in bert-score (`get_model`). Raises ModelError if the
    model has fewer layers or an unknown structure.
    """
    config = model.config
    total = int(getattr(config, "num_hidden_layers", 0))
    if not 0 <= n <= total:
        raise ModelError(
            f"checkpoint {folder} has {total} layers, and layer is {n}; give 0 to {total}"
        )
    if config.model_type == "albert":  # its layers share one group of weights
        config.num_hidden_layers = n
        return
    for path in _LAYERS:
        owner, _, name = path.rpartition(".")
        try:
            layers = operator.attrgetter(path)(model)
        except AttributeError:
            continue
        setattr(operator.attrgetter(owner)(model) if owner else model, name, layers[:n])
        return
    raise ModelError(
        f"checkpoint {folder}: text-encoder knows no layers of a {config.model_type} model; leave"
        " out the option layer"
    )


def position_limit(model: Network) -> int:
    """Return the maximum number of tokens in a text, including start and end tokens.

    In RoBERTa, the positions up to that of the padding token are never used.
    """
    limit = int(getattr(model.config, "max_position_embeddings", None) or 1 << 30)
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return limit if padding is None else limit - padding - 1
