"""RTTM, STM, SegLST and UEM files: what is read, and what is refused with its place."""

import json
import re
from pathlib import Path

import pytest

from mmbench.data.readers.segments.files import read_sessions, segment_files
from mmbench.data.readers.segments.seglst import is_seglst
from mmbench.data.readers.segments.uem import uem_regions
from mmbench.errors import DataError
from mmbench.text.segments import Segment
from tests.support.files import write_file
from tests.support.meetings import REFERENCE, rttm, seglst, stm

SESSIONS = {session: [Segment(*turn) for turn in turns] for session, turns in REFERENCE.items()}
# The lines of the docstring of `RTTMLine.parse` in fgnt/meeteval 0.4.3: with 10 and with 9 fields.
TEN = "SPEAKER CMU_20020319-1400_d01_NONE 1 130.430000 2.350 <NA> <NA> juliet <NA> <NA>"
NINE = TEN.removesuffix(" <NA>")


def read(path: Path) -> dict[str, list[Segment]]:
    return read_sessions([path], path)


def without_words(sessions: dict[str, list[Segment]]) -> dict[str, list[Segment]]:
    return {name: [one._replace(words=None) for one in own] for name, own in sessions.items()}


def test_the_formats_hold_the_same_segments(tmp_path: Path) -> None:
    assert read(write_file(tmp_path / "a.stm", stm(REFERENCE))) == SESSIONS
    assert read(write_file(tmp_path / "a.json", seglst(REFERENCE))) == SESSIONS
    assert read(write_file(tmp_path / "a.rttm", rttm(REFERENCE))) == without_words(SESSIONS)


@pytest.mark.parametrize("line", [TEN, NINE])
def test_a_line_of_rttm(tmp_path: Path, line: str) -> None:
    sessions = read(write_file(tmp_path / "a.rttm", line))
    assert sessions == {"CMU_20020319-1400_d01_NONE": [Segment("juliet", 130.43, 130.43 + 2.35)]}


def test_comments_byte_order_marks_and_line_ends(tmp_path: Path) -> None:
    text = "\ufeff;; made by x\r\n\r\n" + rttm(REFERENCE).replace("\n", "\r\n")
    assert read(write_file(tmp_path / "a.rttm", text)) == without_words(SESSIONS)
    assert read(write_file(tmp_path / "a.stm", stm(REFERENCE).encode("utf-16"))) == SESSIONS


def test_a_session_in_which_nobody_speaks(tmp_path: Path) -> None:
    info = "SPKR-INFO m3 1 <NA> <NA> <NA> unknown juliet <NA>\n"
    info += "NON-SPEECH m3 1 0 1 <NA> noise <NA> <NA>\n"
    assert read(write_file(tmp_path / "a.rttm", info)) == {"m3": []}
    write_file(tmp_path / "many/m1.rttm", rttm({"m1": REFERENCE["m1"]}))
    write_file(tmp_path / "many/m4.rttm", "")
    folder = tmp_path / "many"
    expected = without_words({"m1": SESSIONS["m1"], "m4": []})
    assert read_sessions(segment_files(folder), folder) == expected


def test_a_label_is_not_among_the_words(tmp_path: Path) -> None:
    """The labels of NIST and TED-LIUM; a tag alone is a word."""
    text = "a 1 s 0 1 <o,f0,female> hello there\na 1 s 1 2 <NA> you\na 1 s 2 3 <unk> x\na 1 s 3 4\n"
    (segments,) = read(write_file(tmp_path / "a.stm", text)).values()
    assert [one.words for one in segments] == ["hello there", "you", "<unk> x", ""]


def test_the_forms_of_seglst(tmp_path: Path) -> None:
    """CHiME-7 has texts as times and the session in the name; OpenAI and WhisperX other keys."""
    chime = [{"end_time": "11.370", "start_time": "11.000", "words": "so ummm", "speaker": "P03"}]
    expected = [Segment("P03", 11.0, 11.37, "so ummm")]
    assert read(write_file(tmp_path / "S05.json", chime)) == {"S05": expected}
    whisperx = {
        "start": 11,
        "end": 11.37,
        "text": "so ummm",
        "speaker": "P03",
        "words": [{"word": "so"}],
    }
    diarized = {"task": "transcribe", "segments": [whisperx]}
    assert read(write_file(tmp_path / "S05.seglst.json", diarized)) == {"S05": expected}
    by_session = {"S05": diarized, "S06": [], "S07": chime}
    found = read(write_file(tmp_path / "all.json", by_session))
    assert found == {"S05": expected, "S06": [], "S07": expected}
    utterance = {"id": "u1", "speaker": "a", "start": 0.5, "pred_text": "yes"}
    assert not is_seglst([utterance]) and is_seglst([{**utterance, "session_id": "s"}])
    assert all(map(is_seglst, (diarized, by_session, seglst(REFERENCE))))
    assert not any(
        map(is_seglst, ([], {}, {"a": "b"}, [{"id": 1, "value": "a"}], {"a": [{"id": 1}]}))
    )


def test_words_and_times_may_be_missing(tmp_path: Path) -> None:
    rows = [{"session_id": 1, "speaker": 0, "words": ["a", "b"]}, {"session_id": 1, "speaker": "x"}]
    assert read(write_file(tmp_path / "a.json", rows)) == {
        "1": [Segment("0", words="a b"), Segment("x")]
    }


BAD_RTTM = {
    "SPEAKER m 1 0.5 -1 <NA> <NA> a <NA> <NA>": "line 2: the duration is -1 s; give 0 or more",
    "SPEAKER m 1 nan 1 <NA> <NA> a <NA> <NA>": "line 2: the start is 'nan'; give seconds",
    "SPEAKER m 1 0 1e99 <NA> <NA> a <NA> <NA>": "line 2: the duration is '1e99'; give seconds",
    "SPEAKER m 1 0 inf <NA> <NA> a <NA> <NA>": "line 2: the duration is 'inf'; give seconds",
    "SPEAKER m 1 0 1 a": "line 2 has 6 fields, but an RTTM line has 9 or 10",
    "speaker m 1 0 1 <NA> <NA> a <NA> <NA>": "line 2 begins with 'speaker'; an RTTM line is",
    "NOSCORE m 1 0 1 <NA> <NA> <NA> <NA> <NA>": "line 2 is a NOSCORE region, which is not read",
}  # fmt: skip
BAD_STM = {
    "m 1 a 2 1 x": "line 2 ends at 1 s, before it starts at 2 s",
    "m 1 a 2": "line 2 has 4 fields, but an STM line is",
    "m 1 a b 3 x": "line 2: the start is 'b'; give seconds",
    "m 1 a 0 1 { um / uh }": "line 2 has alternatives",
    "m 1 inter_segment_gap 0 1 <NA> ignore_time_segment_in_scoring": "line 2 excludes a time",
}
BAD_UEM = {
    "m 1 3 3": "line 2 ends at 3 s, but starts at 3 s",
    "m 1 3": "line 2 has 3 fields, but a UEM line is",
    "m 1 0 nan": "line 2: the end is 'nan'; give seconds",
}


@pytest.mark.parametrize(("line", "message"), BAD_RTTM.items())
def test_a_bad_line_of_rttm(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DataError, match="a.rttm " + re.escape(message)):
        read(write_file(tmp_path / "a.rttm", f";; comment\n{line}\n"))


@pytest.mark.parametrize(("line", "message"), BAD_STM.items())
def test_a_bad_line_of_stm(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DataError, match="a.stm " + re.escape(message)):
        read(write_file(tmp_path / "a.stm", f";; comment\n{line}\n"))


@pytest.mark.parametrize(("line", "message"), BAD_UEM.items())
def test_a_bad_line_of_uem(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DataError, match="a.uem " + re.escape(message)):
        uem_regions(write_file(tmp_path / "a.uem", f";; comment\n{line}\n"))


BAD_SEGMENTS = {
    '{"session_id": "m", "start_time": 0}': "has no speaker; it has session_id, start_time",
    '{"session_id": "m", "speaker": null}': "the speaker is None; give a name",
    '{"session_id": "m", "speaker": true}': "the speaker is True; give a name",
    '{"session_id": "m", "speaker": "a", "start_time": 1}': "has no end; give both times",
    '{"session_id": "m", "speaker": "a", "start_time": 2, "end_time": 1}': "ends at 1 s, before",
    '{"session_id": "m", "speaker": "a", "start_time": [], "end_time": 1}': "the start is []",
    '{"session_id": "m", "speaker": "a", "words": 3}': "the words are 3; give a text",
    '{"session_id": "", "speaker": "a"}': "the session_id is ''; give a name",
    "7": "is 7; give an object with a speaker",
}


@pytest.mark.parametrize(("cells", "message"), BAD_SEGMENTS.items())
def test_a_bad_segment_of_seglst(tmp_path: Path, cells: str, message: str) -> None:
    good = json.dumps({"session_id": "m", "speaker": "a", "words": "b"})
    with pytest.raises(DataError, match=r"a\.json: segment 2:? " + re.escape(message)):
        read(write_file(tmp_path / "a.json", f"[{good}, {cells}]"))


def test_regions_of_a_session_may_be_in_several_lines(tmp_path: Path) -> None:
    text = "m1 1 60.001 79.003\nm2 1 0 1\nm1 NA 5 7.5\n"
    regions = uem_regions(write_file(tmp_path / "a.uem", text))
    assert regions == {"m1": [(5.0, 7.5), (60.001, 79.003)], "m2": [(0.0, 1.0)]}


def test_folders_of_one_format_with_each_session_once(tmp_path: Path) -> None:
    write_file(tmp_path / "a.rttm", TEN)
    write_file(tmp_path / "b.rttm", NINE)
    with pytest.raises(DataError, match="sessions in several files: CMU_20020319-1400_d01_NONE"):
        read_sessions(segment_files(tmp_path), tmp_path)
    write_file(tmp_path / "c.stm", stm(REFERENCE))
    with pytest.raises(DataError, match=r"has files of \.rttm, \.stm; give a folder of one format"):
        segment_files(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="no segments; give RTTM, STM or SegLST JSON"):
        read_sessions(segment_files(tmp_path / "none"), tmp_path / "none")


def test_files_that_do_not_name_the_session(tmp_path: Path) -> None:
    text = "SPEAKER <NA> 1 0 1 <NA> <NA> a <NA> <NA>\n"
    assert read(write_file(tmp_path / "S01.rttm", text)) == {"S01": [Segment("a", 0.0, 1.0)]}
    regions = uem_regions(write_file(tmp_path / "S01.uem", "<NA> 1 0 1"))
    assert regions == {"S01": [(0.0, 1.0)]}
