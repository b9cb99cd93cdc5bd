"""Everything but the forward passes: names, data, files, weights."""

from __future__ import annotations

from typing import NamedTuple

from mmbench.contents import ContentKeys, cache_folder
from mmbench.engine import identity
from mmbench.engine.asked import device_for
from mmbench.engine.prepare import Options, prepare
from mmbench.errors import SampleError


class Checked(NamedTuple):
    """What a run would be: sizes of the data, what is asked, and the samples that would fail."""

    sizes: dict[str, int]
    fingerprint: str
    failures: list[tuple[str, str]]


def check(model: str, task: str, options: Options) -> Checked:
    """Find the task, read every file of the data, and load the model's weights.

    Raises UserError as a run would.
    """
    with ContentKeys(cache_folder()) as keys:
        prepared = prepare(model, task, options, keys)
        failures = []
        for _, ident, content in prepared.kind.contents(prepared.spec, prepared.data):
            try:
                keys.key(content)
            except SampleError as error:
                failures.append((ident, str(error)))
    if prepared.model is not None:
        prepared.model.load(device_for(options.device))
    sizes = prepared.kind.sizes(prepared.data)
    return Checked(sizes, identity.fingerprint(prepared.spec), failures)
