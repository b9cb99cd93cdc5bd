"""Everything but the forward passes: names, data, files, weights."""

from __future__ import annotations

from typing import NamedTuple

from mmbench.contents import ContentKeys, cache_folder
from mmbench.engine import identity
from mmbench.engine.asked import device_for
from mmbench.engine.calls import labels_of
from mmbench.engine.prepare import Options, check_labels, prepare
from mmbench.errors import SampleError
from mmbench.types import Media, Sample


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
        failures: list[tuple[str, str]] = []
        for samples in prepared.kind.samples(prepared.data).values():
            failures += [(one.id, why) for one in samples for why in _faults(one, keys)]
    if prepared.model is not None:
        model = prepared.model.load(device_for(options.device))
        asked = prepared.kind.requests(prepared.spec, prepared.data, options.seed).values()
        if any(requests.method == "classify" for requests in asked):
            check_labels(prepared, labels_of(model, f"model {prepared.info.name}"))
    sizes = prepared.kind.sizes(prepared.data)
    return Checked(sizes, identity.fingerprint(prepared.spec), failures)


def _faults(sample: Sample, keys: ContentKeys) -> list[str]:
    """Why contents of a sample cannot be read."""
    contents = [*sample.inputs.values()]
    contents += [sample.target] if isinstance(sample.target, Media) else []
    faults = []
    for content in contents:
        try:
            keys.key(content)
        except SampleError as error:
            faults.append(str(error))
    return faults
