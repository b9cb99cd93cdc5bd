"""Files outside the data folder: sent to this machine, and elsewhere only with --allow-outside."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from mmbench.cli import main
from mmbench.engine.context import run_context
from mmbench.engine.loading.outside import check_outside, data_folders
from mmbench.engine.options import RunSettings
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.errors import UserError
from mmbench.spec import load_task
from mmbench.types import FeatureRequest
from tests.support.command_line import refusal
from tests.support.files import write_file, write_lines, write_task
from tests.support.media.images import save_image
from tests.support.servers.chat_completions import Endpoint, own_address, serving


@pytest.fixture
def elsewhere() -> Iterator[Endpoint]:
    """An endpoint at an address that does not say it is this machine."""
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but its loopback")
    with serving(address) as running:
        yield running


def table(home: Path, *names: str) -> Path:
    """A data folder with one image, and a table that names it and others."""
    save_image(home / "own.png", 9)
    rows = [
        {"id": str(n), "image": name, "question": f"q {n}", "answer": "x"}
        for n, name in enumerate(["own.png", *names])
    ]
    write_lines(home / "qa.jsonl", *rows)
    return home / "qa.jsonl"


def words(command: str, endpoint: Endpoint, data: Path, *more: str) -> list[str]:
    at = ["--api-base", endpoint.base, "-t", "answers", "--data", str(data)]
    return [command, "-m", "api@m", *at, "--device", "cpu", *more]


@pytest.mark.parametrize("how", ["absolute", "above", "link"])
def test_a_file_from_outside_stays_here(
    elsewhere: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    secret, home = save_image(tmp_path / "secret.png", 200), tmp_path / "data"
    names = {"absolute": str(secret), "above": "../secret.png", "link": "link.png"}
    data = table(home, names[how])
    (home / "link.png").symlink_to(secret)
    for command in ("check", "run"):
        more = [] if command == "check" else ["--out", str(tmp_path / "out")]
        assert main(words(command, elsewhere, data, *more)) == 2
        (error,) = (
            line for line in capsys.readouterr().err.splitlines() if "--allow-outside" in line
        )
        assert "would be sent 1 file from outside the data folder" in error
        assert str(home) in error
    assert not elsewhere.bodies
    out = ["--out", str(tmp_path / "out")]
    assert main(words("run", elsewhere, data, "--allow-outside", *out)) == 0
    assert "was sent 1 file from outside the data folder" in capsys.readouterr().out
    assert len([body for body in elsewhere.bodies if body["max_tokens"] > 1]) == 2
    (record,) = (tmp_path / "out" / "runs" / "answers").glob("*.json")
    assert json.loads(record.read_text())["environment"]["endpoint"] == own_address()


def test_a_local_endpoint_gets_all_and_own_files_go_anywhere(
    elsewhere: Endpoint, tmp_path: Path
) -> None:
    out = ["--out", str(tmp_path / "out")]
    secret = save_image(tmp_path / "secret.png", 200)
    with serving() as here:
        assert main(words("run", here, table(tmp_path / "data", str(secret)), *out)) == 0
    (tmp_path / "inside").symlink_to(tmp_path / "real")  # the folder itself may be a link
    data = table(tmp_path / "real", "sub/b.png")
    save_image(tmp_path / "real" / "sub" / "b.png", 70)
    assert main(words("run", elsewhere, tmp_path / "inside" / data.name, *out)) == 0


_TASKS: dict[str, dict[str, Any]] = {
    "above": {"files": "../secret.jsonl"},
    "absolute": {"files": "SECRET"},
    "examples": {"files": "qa.jsonl", "few_shot_data": {"files": "../secret.jsonl"}},
}


@pytest.mark.parametrize("how", _TASKS)
def test_a_file_that_a_task_file_names_stays_here(
    elsewhere: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    home = tmp_path / "data"
    row = {"question_id": "1", "question": "q", "answer": "a secret"}
    write_lines(home / "qa.jsonl", row)
    secret = write_lines(tmp_path / "secret.jsonl", row)
    keys = json.loads(json.dumps(_TASKS[how]).replace("SECRET", str(secret)))
    data = {"source": "listing", "id": "question_id", "target": "answer", "files": keys["files"]}
    examples = {name: keys[name] for name in keys if name != "files"}
    task = write_task(
        tmp_path / "own.yaml",
        kind="writing",
        data={**data, "columns": {"question": "question"}},
        fields={"question": "question"},
        metric="exact_match",
        **({"few_shot": 1} if examples else {}),
        **examples,
    )
    words = ["run", "-m", "api@m", "-t", task, "--data", str(home), "--device", "cpu"]
    words += ["--out", str(tmp_path / "out"), "--quiet", "--api-base"]
    message = refusal(capsys, *words, elsewhere.base)
    assert "would be sent 1 file from outside the data folder" in message
    assert "secret.jsonl" in message
    assert not elsewhere.bodies
    assert main([*words, elsewhere.base, "--allow-outside"]) == 0
    assert "was sent 1 file from outside the data folder" in capsys.readouterr().out
    with serving() as here:
        assert main([*words, here.base]) == 0


def test_a_file_of_a_flag_may_be_sent(tmp_path: Path) -> None:
    names = write_file(tmp_path / "names.txt", "cat\ndog\n")
    spec = load_task("zeroshot")
    spec = replace(spec, data={**spec.data, "labels": str(names), "text": "{a}/../{b} .."})
    home = tmp_path / "data"
    home.mkdir()
    assert check_outside(spec, [], home, "host", allow=False, consented=str(names)) == ""
    assert "1 file" in check_outside(spec, [], home, "host", allow=True)


def test_a_file_that_changes_during_a_run_is_not_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, home = save_image(tmp_path / "secret.png", 200), tmp_path / "data"
    names = [f"{n}.png" for n in range(40)]
    data = table(home, *names)
    for n, name in enumerate(names):
        save_image(home / name, 10 + n)

    def swap(handler: Any) -> None:
        for name in names:
            (home / name).unlink()
            (home / name).symlink_to(secret)
        handler.send(200, b'{"choices": [{"message": {"content": "x"}}]}')

    out = ["--out", str(tmp_path / "out"), "--model-arg", "check_media=false"]
    with serving() as endpoint:
        endpoint.script["q"] = [swap]
        assert main(words("run", endpoint, data, "--concurrency", "1", *out)) == 3
        assert "the file changed after the run began" in capsys.readouterr().out
        assert 1 <= len(endpoint.bodies) < 41
        coded = base64.b64encode(secret.read_bytes()).decode()
        assert coded not in json.dumps(endpoint.bodies)


def test_the_key_stays_here_unless_the_flag_is_given(
    elsewhere: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    run = words("run", elsewhere, table(tmp_path / "data"), "--out", str(tmp_path / "out"))
    assert "--insecure-http" in refusal(capsys, *run)
    assert not elsewhere.headers
    assert main([*run, "--insecure-http"]) == 0
    assert elsewhere.headers[-1]["Authorization"] == "Bearer sk-very-secret"


def test_the_folders_of_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = load_task("coco-caption", ())
    (tmp_path / "coco" / "annotations").mkdir(parents=True)
    file = tmp_path / "coco" / "annotations" / "captions_val2017.json"
    file.write_text("{}")
    assert tmp_path / "coco" / "val2017" in data_folders(task, file)
    assert tmp_path / "coco" not in data_folders(task, file)
    assert data_folders(task, tmp_path / "coco")[0] == tmp_path / "coco"
    monkeypatch.setenv("MMBENCH_DATA", str(tmp_path))
    (tmp_path / task.data["folder"]).mkdir(exist_ok=True)
    assert data_folders(task, None)[0] == tmp_path / task.data["folder"]


def test_the_folders_of_a_data_set_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import config
    from huggingface_hub import constants

    monkeypatch.setenv("MMBENCH_DATA", str(tmp_path))
    folders = data_folders(load_task("chartqa", ()), None)
    for cache in (config.HF_DATASETS_CACHE, constants.HF_HUB_CACHE):
        assert Path(cache).expanduser().resolve() in folders
    assert Path.cwd() not in folders


def test_a_metric_sends_no_files_to_another_machine(tmp_path: Path) -> None:
    wants = FeatureRequest(
        lambda _: {},
        {"audio": ("audio", "query")},
        method="write",
        model="api@m",
        options={"base": "http://10.0.0.1/v1"},
    )
    for allow in (False, True):
        with run_context(RunSettings(allow_outside=allow)) as context:
            feature_extractor = FeatureExtractor(context)
            if allow:
                ((_, model),) = feature_extractor.models("heard", wants)
                assert model.destination == "10.0.0.1"
            else:
                with pytest.raises(UserError, match=r"heard would send files to 10\.0\.0\.1"):
                    feature_extractor.models("heard", wants)


def sent(endpoint: Endpoint) -> tuple[str, bytes]:
    """The type and the bytes of the last image that was sent."""
    parts = endpoint.bodies[-1]["messages"][-1]["content"]
    url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    kind, _, data = url.partition(";base64,")
    return kind.removeprefix("data:"), base64.b64decode(data)


def photo() -> Image.Image:
    grey = np.linspace(0, 255, 8 * 6, dtype=np.uint8).reshape(6, 8)
    return Image.merge("RGB", [Image.fromarray(grey)] * 3)


ROTATED = Image.Exif()
ROTATED[0x0112] = 6
FRAMES = {"save_all": True, "append_images": [Image.new("RGB", (8, 6))]}


@pytest.mark.parametrize(
    ("name", "mode", "how", "kind"),
    [
        ("a.jpg", "RGB", {}, "image/jpeg"),
        ("b.png", "P", {}, "image/png"),
        ("c.webp", "RGB", {"lossless": True}, "image/webp"),
        ("rotated.jpg", "RGB", {"exif": ROTATED}, ""),
        ("rotated.png", "RGB", {"exif": ROTATED}, ""),
        ("animated.webp", "RGB", FRAMES, ""),
        ("animated.png", "RGB", FRAMES, ""),
        ("alpha.png", "RGBA", {}, ""),
        ("transparent.png", "P", {"transparency": 3}, ""),
        ("print.jpg", "CMYK", {}, ""),
        ("d.gif", "P", {}, ""),
        ("e.bmp", "RGB", {}, ""),
    ],
)
def test_an_image_is_sent_as_its_file_where_all_decoders_see_the_same(
    tmp_path: Path, name: str, mode: str, how: dict[str, object], kind: str
) -> None:
    from mmbench.media import decode_image

    home = tmp_path / "data"
    data = table(home)
    row = {"id": "1", "image": name, "question": "q", "answer": "x"}
    data.write_text(json.dumps(row))
    photo().convert(mode).save(home / name, **how)
    with serving() as endpoint:
        more = ["--model-arg", "check_media=false", "--out", str(tmp_path / "out")]
        assert main(words("run", endpoint, data, *more)) == 0
        found, raw = sent(endpoint)
    file = (home / name).read_bytes()
    assert found == (kind or "image/png")
    assert (raw == file) == bool(kind)
    seen = Image.open(BytesIO(raw)).convert("RGB")
    assert np.array_equal(np.asarray(seen), np.asarray(decode_image(file, name)))
