"""Meetings and diarisation as data: sessions, evaluation regions, audio, and what is refused."""

from pathlib import Path

import pytest

from mmbench.data.sources.speech.meetings import diarisation, meetings
from mmbench.errors import DataError
from mmbench.types import InvalidContent, Media
from tests.support.files import write_file
from tests.support.meetings import REFERENCE, rttm, seglst, segments, stm


def test_a_session_is_a_sample_in_every_format(tmp_path: Path) -> None:
    expected = {session: segments(turns) for session, turns in REFERENCE.items()}
    for name, content in (("a.stm", stm(REFERENCE)), ("a.json", seglst(REFERENCE))):
        data = meetings(write_file(tmp_path / name, content))
        assert {sample.id: sample.target for sample in data.samples} == expected
    data = diarisation(write_file(tmp_path / "a.rttm", rttm(REFERENCE)))
    assert [list(one) for one in data.samples[0].target] == [
        ["speaker", "start_time", "end_time"]
    ] * 4
    assert diarisation(tmp_path / "a.stm").samples[1].target[0]["speaker"] == "ben"


@pytest.mark.parametrize("place", ["next to the file", "in the folder", "option"])
def test_evaluation_regions(tmp_path: Path, place: str) -> None:
    uem = "m1 1 0 5\nm2 1 0 1\nm2 1 2 3\nm9 1 0 1\n"
    folder = tmp_path / "data"
    root = write_file(folder / "ref.rttm", rttm(REFERENCE))
    option = ""
    if place == "option":
        option = str(write_file(tmp_path / "uems/all.uem", uem).parent)
    else:
        write_file(folder / ("ref.uem" if place == "next to the file" else "all.uem"), uem)
        root = folder if place == "in the folder" else root
    data = diarisation(root, uem=option)
    assert [sample.target["regions"] for sample in data.samples] == [[[0, 5]], [[0, 1], [2, 3]]]
    assert len(data.samples[0].target["segments"]) == 4
    assert data.source["uem"].endswith(".uem")


def test_regions_change_the_data_hash(tmp_path: Path) -> None:
    root = write_file(tmp_path / "ref.rttm", rttm(REFERENCE))
    before = diarisation(root).targets_hash()
    write_file(tmp_path / "ref.uem", "m1 1 0 5\nm2 1 0 1\n")
    assert diarisation(root).targets_hash() != before


def test_audio_next_to_the_references_is_an_input(tmp_path: Path) -> None:
    root = write_file(tmp_path / "ref.stm", stm(REFERENCE))
    (tmp_path / "m2.flac").touch()
    inputs = [sample.inputs for sample in meetings(root).samples]
    assert inputs[0] == {"audio": InvalidContent(f"no audio file m1.* in {tmp_path}")}
    assert inputs[1] == {"audio": Media("audio", str(tmp_path / "m2.flac"))}


def test_what_is_refused(tmp_path: Path) -> None:
    root = write_file(tmp_path / "ref.rttm", rttm(REFERENCE))
    with pytest.raises(DataError, match=r"session m1: segment 1 has no words; .*-t diarisation"):
        meetings(root)
    with pytest.raises(DataError, match=r"other\.uem: no evaluation regions for m2"):
        diarisation(root, uem=str(write_file(tmp_path / "other.uem", "m1 1 0 5")))
    with pytest.raises(DataError, match=r"uem: .*none: no UEM file there"):
        diarisation(root, uem=str(tmp_path / "none"))
    untimed = write_file(tmp_path / "a.json", [{"session_id": "s", "speaker": "a", "words": "b"}])
    assert len(meetings(untimed).samples) == 1
    with pytest.raises(DataError, match="session s: segment 1 has no times"):
        diarisation(untimed)
    with pytest.raises(DataError, match="nobody speaks in the references"):
        diarisation(write_file(tmp_path / "b.json", []))
    with pytest.raises(DataError, match=r"give \.rttm, \.stm, \.json, or a folder"):
        diarisation(write_file(tmp_path / "b.csv", "a,b"))
    with pytest.raises(DataError, match="diarisation was given no data; give --data"):
        diarisation(None)
