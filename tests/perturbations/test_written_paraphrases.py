"""The commands of docs/robustness.md with which a language model writes paraphrases."""

import re
from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.engine.loading.data.perturbed import read_paraphrases
from mmbench.errors import DataError
from tests.support.files import write_file
from tests.support.paths import ROOT
from tests.support.servers.chat_completions import serving


@pytest.mark.slow
def test_a_model_writes_the_paraphrases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "robustness.md").read_text()
    (task,) = re.findall(r"# paraphrase.yaml\n(.*?)```", page, re.DOTALL)
    write_file(tmp_path / "paraphrase.yaml", task)
    retrieval = ["run", "-m", "random", "-t", "shapes-retrieval", "--limit", "4", "--quiet"]
    assert main(retrieval) == 0
    assert main(["inspect", "latest", "--csv", "captions.csv"]) == 0
    with pytest.raises(DataError, match="has the columns text"):
        read_paraphrases(tmp_path / "captions.csv")  # its answers are ranks
    with serving() as endpoint:
        words = ["--api-base", endpoint.base, "--data", "captions.csv", "--quiet"]
        assert main(["run", "-m", "api@m", "-t", "paraphrase.yaml", *words]) == 0
    assert main(["inspect", "latest", "--csv", "paraphrases.csv"]) == 0
    found = read_paraphrases(tmp_path / "paraphrases.csv")
    assert not found.by_id
    assert all(text in written[0] for text, written in found.texts.items())
    capsys.readouterr()
    assert main([*retrieval, "--perturb", "paraphrase:paraphrases.csv"]) == 0
    assert "paraphrase:paraphrases-" in capsys.readouterr().out
