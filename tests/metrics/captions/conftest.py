"""A program in the place of Java, for the metrics that SPICE's jar computes."""

import os
import stat
import sys

import pytest

# Stands for Java where the models are not: as old as is asked, it answers the captions with
# the given scores in turn, and keeps what it was asked. Everything around it is the real path.
JAVA = """#!{python}
import json, sys
if sys.argv[1:] == ["-version"]:
    sys.exit(print('openjdk version "{version}"', file=sys.stderr))
asked = open(sys.argv[sys.argv.index("spice-1.0.jar") + 1]).read()
open({kept!r}, "w").write(json.dumps([sys.argv, json.loads(asked)]))
if {broken}:
    sys.exit("Error: Could not score batched file input:")
f1, told = {scores}, []
for i, item in enumerate(json.loads(asked)):
    scores = {{"All": {{"f": f1[i % len(f1)]}}}}
    told.append({{"image_id": item["image_id"], "scores": scores}})
open(sys.argv[sys.argv.index("-out") + 1], "w").write(json.dumps(told))
"""


@pytest.fixture
def spice_home(tmp_path, monkeypatch):
    folder = tmp_path / "pycocoevalcap/spice"
    (folder / "lib").mkdir(parents=True)
    (folder / "spice-1.0.jar").touch()
    for name in ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar"):
        (folder / "lib" / name).touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def install(version="1.8.0_402", broken=False, scores=(0.25,)):
        java, kept = tmp_path / "java", tmp_path / "kept.json"
        names = {"python": sys.executable, "version": version, "kept": str(kept), "broken": broken}
        names["scores"] = list(scores)
        java.write_text(JAVA.format(**names))
        java.chmod(java.stat().st_mode | stat.S_IXUSR)
        return kept

    return install
