"""The tokenizers of sacrebleu 2.6.0, which divide a text into the tokens that BLEU counts.

| name | tokens | for |
|---|---|---|
| `13a` | those of NIST's mteval-v13a: ASCII punctuation is separate | languages with spaces |
| `intl` | those of mteval-v14: Unicode punctuation and symbols are separate | the same |
| `zh` | Chinese characters, and the tokens of 13a between them | Chinese |
| `char` | characters | languages without spaces |
| `ja-mecab` | words of MeCab with the IPA dictionary | Japanese |
| `ko-mecab` | words of MeCab-ko with its dictionary | Korean |

`intl`, `ja-mecab` and `ko-mecab` are those of the package sacrebleu. The first three rules are
written from NIST's mteval-v13a.pl and from sacrebleu's tokenizers/tokenizer_{13a,re,zh,char}.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any

from mmbench.errors import MissingExtra

VERSION = "2.6.0"
"""The version of sacrebleu whose values the metrics have."""

# ASCII punctuation except ' , - . is always a token.
_TOKENS = {ord(sign): f" {sign} " for sign in '!"#$%&()*+/:;<=>?@[\\]^_`{|}~'}
_AFTER_OTHER = re.compile(r"([^0-9])([.,])")
_BEFORE_OTHER = re.compile(r"([.,])([^0-9])")
_DASH = re.compile(r"([0-9])(-)")
_ENTITIES = {"&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">"}  # replaced in this order
# The ranges of sacrebleu's `zh`. Two of them have five digits in a \u escape, which has four, so
# that they stand for U+2001 to U+2A6D and U+2F81 to U+2FA1.
_CHINESE = re.compile(
    "([\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u33ff"
    "\u3400-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f"
    "\uff00-\uffef])"
)
# Tokenizers of the package sacrebleu, with the packages that they need.
_PACKAGED = {"intl": "sacrebleu", "ja-mecab": "sacrebleu[ja]", "ko-mecab": "sacrebleu[ko]"}


def tokens(name: str, text: str) -> list[str]:
    """Return the tokens of a text.

    Raises MissingExtra if the tokenizer needs a package that is not installed.
    """
    return _rules(name)(text.rstrip()).split()


def tokenizer_signature(name: str) -> str:
    """Return the part of sacrebleu's signature that states the tokenizer: `tok:13a`."""
    return f"tok:{_packaged(name).signature() if name in _PACKAGED else name}"


def version_signature(name: str) -> str:
    """Return the version in sacrebleu's signature; that of the package if its tokenizer is used."""
    return f"version:{version('sacrebleu') if name in _PACKAGED else VERSION}"


def _rules(name: str) -> Callable[[str], str]:
    return _packaged(name) if name in _PACKAGED else _OWN[name]


@cache
def _packaged(name: str) -> Any:
    try:
        from sacrebleu.tokenizers.tokenizer_intl import TokenizerV14International
        from sacrebleu.tokenizers.tokenizer_ja_mecab import TokenizerJaMecab
        from sacrebleu.tokenizers.tokenizer_ko_mecab import TokenizerKoMecab

        tokenizers = {
            "intl": TokenizerV14International,
            "ja-mecab": TokenizerJaMecab,
            "ko-mecab": TokenizerKoMecab,
        }
        return tokenizers[name]()
    except (ModuleNotFoundError, RuntimeError) as error:  # RuntimeError if MeCab is missing
        package = _PACKAGED[name]
        raise MissingExtra(f"the tokenizer {name}", package, "mmbench[translation]") from error


def _thirteen_a(text: str) -> str:
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, sign in _ENTITIES.items():
        text = text.replace(entity, sign)
    return _separated(f" {text} ")


def _separated(text: str) -> str:
    """Return a text with spaces around punctuation; 1,000.5 and words with - and ' are one token.

    A pattern also consumes the character next to a period or comma, so that the second of two
    commas may remain a part of the next word, as in mteval.
    """
    text = text.translate(_TOKENS)
    text = _AFTER_OTHER.sub(r"\1 \2 ", text)
    text = _BEFORE_OTHER.sub(r" \1 \2", text)
    return _DASH.sub(r"\1 \2 ", text)


def _chinese(text: str) -> str:
    return _separated(_CHINESE.sub(r" \1 ", text.strip()))


_OWN: dict[str, Callable[[str], str]] = {"13a": _thirteen_a, "zh": _chinese, "char": " ".join}
