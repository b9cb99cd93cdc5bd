"""What all tests share: a cache of their own, no network, real data where it is present."""

import gc
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from mmbench import registry
from tests.support.browser import browser, open_page, page_faults

__all__ = ["browser", "open_page", "page_faults"]

# Machines are busy: no test is timed. The examples of `make test` are the same in each run, so that
# it fails only for what a change breaks; `make test-all` draws others with the profile `random`.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)
settings.load_profile("repeatable")

# A shell that starts pytest in the background ignores its Ctrl-C, and so would what tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The files that take longest. Each is one piece of work for a process (`--dist loadfile`), so a
# long one that begins last leaves the other processes idle.
LONGEST = (
    "selftest/test_selftest.py",
    "project/test_readme.py",
    "conformance/test_conformance.py",
    "engine/inference/test_resume.py",
    "reports/pages/samples/test_samples_browser.py",
    "reports/test_hostile_site.py",
    "metrics/captions/test_meteor.py",
    "checkpoints/test_hub.py",
    "engine/loading/test_recipes.py",
    "cli/test_commands.py",
    "project/test_untrusted_runs.py",
    "data/sources/test_hf.py",
    "engine/test_engine.py",
    "project/test_real_data.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; the order of the others is unchanged."""
    order = {Path(__file__).parent / name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


def pytest_collection_finish() -> None:
    """Exclude what was collected from garbage collections, each of which takes a second with it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Count places of caches; pytest would list all folders before it makes the next."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def _own_cache(_caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMBENCH_CACHE", str(next(_caches)))
    monkeypatch.delenv("MMBENCH_DATA", raising=False)


@pytest.fixture
def own_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget after the test whatever it registers."""
    names = {kind: {**entries} for kind, entries in registry._plugins.items()}
    monkeypatch.setattr(registry, "_plugins", names)
    # Ray workers load each file that is recorded as loaded.
    monkeypatch.setattr(registry, "_loaded", {**registry._loaded})
    monkeypatch.setattr(registry, "_started", {*registry._started})


@pytest.fixture
def plugin_folder(own_plugins: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, and forget after the test whatever it registers."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def own_datasets(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library `datasets` keep its files in a folder of the test."""
    import datasets

    folder = tmp_path_factory.mktemp("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Small matrices gain nothing by threads, and the bits of a sum depend on their number."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
