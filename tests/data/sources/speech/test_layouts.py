"""What each layout of speech data becomes, and what is said of data that do not fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.data.sources.transcripts import transcripts
from mmbench.engine.loading.outside import check_outside
from mmbench.errors import DataError, SampleError
from mmbench.media import read_bytes
from mmbench.predictions.readers import records as read_outputs
from mmbench.spec import load_task
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.types import InvalidContent, Media, Requests, Sample
from tests.support.files import write_file, write_lines
from tests.support.media.sounds import wav

SECOND = 16000


def audio(sample: Sample) -> Media:
    content = sample.inputs["audio"]
    assert isinstance(content, Media), content
    return content


def reason(sample: Sample) -> str:
    """Return why the audio of a sample cannot be evaluated."""
    content = sample.inputs["audio"]
    if isinstance(content, InvalidContent):
        return content.reason
    with pytest.raises(SampleError) as caught, ContentKeys(cache_folder()) as keys:
        keys.key(content)
    return str(caught.value)


def samples_of(place: Path) -> list[Sample]:
    return list(transcripts(place).samples)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the recording wavs/r1.wav of three seconds."""
    write_file(tmp_path / "wavs/r1.wav", wav(n=3 * SECOND))
    return tmp_path


def manifest(folder: Path, *rows: dict[str, Any]) -> Path:
    row = {"audio_filepath": "wavs/r1.wav", "text": "a"}
    return write_lines(folder / "manifest.json", *(row | one for one in rows))


def test_rows_of_a_nemo_manifest(folder: Path) -> None:
    rows = [{"duration": 3.0, "speaker": "ann", "lang": "en", "pnc": True}, {"offset": 1.5}]
    rows += [{"offset": 0.5, "duration": 1.0, "text": "b"}, {"offset": 2, "duration": -1}]
    whole, rest, part, last = samples_of(manifest(folder, *rows))
    file = str(folder / "wavs/r1.wav")
    assert audio(whole) == Media("audio", file, seconds=3.0)
    tags = {"speaker": "ann", "duration": "3.0", "lang": "en", "pnc": "true"}
    assert (whole.group, whole.tags) == ("ann", tags | {"recording": "wavs/r1.wav"})
    ids = ["wavs/r1.wav", "wavs/r1.wav#1.5", "wavs/r1.wav#0.5", "wavs/r1.wav#2"]
    assert [one.id for one in (whole, rest, part, last)] == ids
    assert audio(rest).name == f"{file} from 1.5 to the end"
    assert (audio(part).name, audio(part).seconds) == (f"{file} from 0.5 to 1.5 s", 1.0)
    sizes = [(len(read_bytes(audio(one))) - 44) / 2 / SECOND for one in (whole, rest, part, last)]
    assert sizes == [3.0, 1.5, 1.0, 1.0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"duration": 7.5}, "r1.wav lasts 3.00 s, but the data say 7.50 s; correct the duration"),
        ({"offset": 1, "duration": 3}, "not within the recording, which lasts 3.00 s"),
        ({"audio_filepath": "wavs/r2.wav", "duration": 1}, "No such file"),
        ({"audio_filepath": "wavs/r2.wav", "offset": 1}, "No such file"),
        ({"audio_filepath": "https://x.org/a.wav", "offset": 1}, "is a URL"),
    ],
)
def test_rows_that_do_not_fit_the_audio(folder: Path, row: dict[str, Any], words: str) -> None:
    first, failed = samples_of(manifest(folder, {"id": "1"}, {"id": "2"} | row))
    assert read_bytes(audio(first)) == (folder / "wavs/r1.wav").read_bytes()
    assert words in reason(failed)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"offset": -1}], "line 1: offset is -1; give a number of seconds of at least 0"),
        ([{"offset": "x"}], "line 1: offset is 'x'; give a number"),
        ([{"duration": [1]}], "line 1: duration is [1]; give a number"),
        ([{"offset": 1}, {"offset": 1}], "repeated: wavs/r1.wav#1;"),
    ],
)
def test_manifests_that_are_refused(folder: Path, rows: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(DataError) as caught:
        samples_of(manifest(folder, *rows, {"audio_filepath": "b.wav"}))
    assert words in str(caught.value)


def test_outputs_of_nemo_have_the_ids_of_the_parts(folder: Path) -> None:
    rows = [{"offset": 0, "pred_text": "a"}, {"offset": 1.25, "pred_text": "b"}]
    outputs = read_outputs(manifest(folder, *rows).rename(folder / "out.jsonl"), {})
    ids = [sample.id for sample in samples_of(folder / "out.jsonl")]
    assert list(outputs.values) == ids == ["wavs/r1.wav", "wavs/r1.wav#1.25"]


def test_durations_of_other_tables_are_tags(folder: Path) -> None:
    table = write_file(folder / "a.csv", "audio,text,duration\nwavs/r1.wav,a,3000\n")
    (sample,) = samples_of(table)
    assert audio(sample).seconds is None and sample.tags == {"duration": "3000"}


def kaldi(folder: Path, **files: str) -> Path:
    """Write a data folder of Kaldi with the recording r1; an empty file is left out."""
    usual = {"text": "s1-a HELLO YOU\ns2-b\n", "utt2spk": "s1-a s1\ns2-b s2\n"}
    usual |= {"wav.scp": "r1 wavs/r1.wav\n", "segments": "s1-a r1 0.5 1.5\ns2-b r1 1.0 -1\n"}
    for name, content in (usual | {n.replace("_", "."): text for n, text in files.items()}).items():
        if content:
            write_file(folder / "data/test" / name, content)
    return folder / "data/test"


def test_segments_of_kaldi(folder: Path) -> None:
    place = kaldi(folder, spk2gender="s1 f\ns2 m\n", utt2lang="s1-a en\ns2-b de\n")
    first, second = samples_of(place)
    assert (first.id, first.target, first.group) == ("s1-a", "HELLO YOU", "s1")
    recording = {"recording": "r1", "offset": "0.5"}
    assert first.tags == {"speaker": "s1", "gender": "f", "lang": "en"} | recording
    assert second.target == "" and second.tags["gender"] == "m"
    # The path in wav.scp begins where Kaldi's scripts run, two folders above the data folder.
    assert audio(first).name == f"{folder / 'wavs/r1.wav'} from 0.5 to 1.5 s"
    sizes = [(len(read_bytes(audio(one))) - 44) / 2 / SECOND for one in (first, second)]
    assert sizes == [1.0, 2.0]  # they overlap


def test_other_segments_are_another_source(folder: Path) -> None:
    """The sample table of a board has the places of the parts, and is replaced with them."""
    first = transcripts(kaldi(folder)).source
    assert transcripts(kaldi(folder)).source == first != {}
    assert transcripts(kaldi(folder, segments="s1-a r1 0 1\ns2-b r1 1 2\n")).source != first
    (folder / "data/test/segments").unlink()
    assert transcripts(kaldi(folder, segments="", wav_scp="s1-a x\ns2-b y\n")).source == {}


def test_a_channel_of_kaldi(folder: Path) -> None:
    place = kaldi(folder, segments="s1-a r1 0.5 1.5 0\ns2-b r1 1.0 -1 1\n")
    first, second = samples_of(place)
    assert audio(first).name.endswith("from 0.5 to 1.5 s, channel 0")
    assert len(read_bytes(audio(first))) == 44 + 2 * SECOND
    assert "no channel 1; the channels are 0 to 0" in reason(second)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"wav_scp": "r0 x.wav\nr1 sph2pipe -f wav 1.sph |\n"}, "wav.scp line 2 has a command"),
        ({"wav_scp": "r1 wav.ark:17\n"}, "wav.scp line 1 names an archive of Kaldi"),
        ({"wav_scp": "r2 wavs/r1.wav\n"}, "no audio file r1.* in"),
        ({"wav_scp": ""}, "no audio file r1.* in"),
        ({"wav_scp": "r1 wavs/r3.wav\n"}, "No such file"),
        ({"segments": "s2-b r1 0 1\n"}, "segments: no s1-a"),
        ({"segments": "s1-a r1 3 4\ns2-b r1 0 1\n"}, "which lasts 3.00 s"),
        ({"segments": "s1-a r1 1 3.6\ns2-b r1 0 1\n"}, "which lasts 3.00 s"),
        ({"segments": "", "wav_scp": "s2-b wavs/r1.wav\n"}, "no audio file s1-a.* in"),
    ],
)
def test_utterances_without_audio_fail(folder: Path, files: dict[str, str], words: str) -> None:
    first, _ = samples_of(kaldi(folder, **files))
    assert words in reason(first)


SHAPE = "is not `utterance recording start end`, with 0 <= start < end in seconds"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"segments": "s1-a r1 2 1\n"}, f"segments line 1 {SHAPE}"),
        ({"segments": "\ns1-a r1 -1 1\n"}, f"segments line 2 {SHAPE}"),
        ({"segments": "s1-a r1 0 nan\n"}, SHAPE),
        ({"segments": "s1-a r1 0 inf\n"}, SHAPE),
        ({"segments": "s1-a r1 0\n"}, SHAPE),
        ({"segments": "s1-a r1 0 1 A\n"}, SHAPE),
        ({"segments": "s1-a r1 0 1 -1\n"}, SHAPE),
        ({"segments": "s1-a r1 0 1\ns3-c r1 0 1\n"}, "in only one of text and segments: s3-c;"),
        ({"utt2spk": "s1-a s1\n"}, "in only one of text and utt2spk: s2-b;"),
        ({"segments": "", "wav_scp": "s1-a a.wav\nx b.wav\n"}, "only one of text and wav.scp: x;"),
    ],
)
def test_folders_of_kaldi_that_are_refused(folder: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(DataError) as caught:
        samples_of(kaldi(folder, **files))
    assert words in str(caught.value)


def test_parts_outside_the_data_folder_are_not_sent(folder: Path) -> None:
    place = kaldi(folder)
    requests = Requests([audio(sample) for sample in samples_of(place)], "audio")
    spec = load_task("transcripts")
    with pytest.raises(
        DataError, match=r"x\.org would be sent 1 file from outside .*/wavs/r1\.wav"
    ):
        check_outside(spec, [requests], place, "x.org", allow=False)
    assert not check_outside(spec, [requests], folder, "x.org", allow=False)


def test_a_manifest_of_fairseq(folder: Path) -> None:
    write_file(folder / "wavs/deep/r2.wav", wav(n=SECOND))
    lines = f"{folder / 'wavs'}\nr1.wav\t48000\ndeep/r2.wav\t16000\n"
    tsv = write_file(folder / "m/test.tsv", lines)
    with pytest.raises(DataError, match=r"write them to test\.wrd or test\.ltr next to it"):
        samples_of(tsv)
    write_file(folder / "m/test.ltr", "H E L L O | Y O U |\nI |\n")
    letters = samples_of(tsv)
    assert [(one.id, one.target) for one in letters] == [("r1", "HELLO YOU"), ("r2", "I")]
    assert [audio(one).name for one in letters] == [
        str(folder / "wavs/r1.wav"), str(folder / "wavs/deep/r2.wav"),
    ]  # fmt: skip
    write_file(folder / "m/test.wrd", "HELLO YOU\nI\n")
    write_file(folder / "m/test.ltr", "wrong")
    assert samples_of(folder / "m") == letters
    write_file(folder / "m/test.wrd", "HELLO YOU\n")
    with pytest.raises(DataError, match=r"test\.wrd has 1 line, but test\.tsv has 2 paths"):
        samples_of(tsv)


def test_the_root_of_fairseq_may_be_on_another_machine(folder: Path) -> None:
    tsv = write_file(folder / "test.tsv", "/data/other\nwavs/r1.wav\t48000\nwavs/r2.wav\t1\n")
    write_file(folder / "test.wrd", "a\nb\n")
    first, second = samples_of(tsv)
    assert audio(first).name == str(folder / "wavs/r1.wav")
    assert "No such file" in reason(second)
    write_file(folder / "test.tsv", "/data\na/r1.wav\t48000\nb/r1.wav\t1\n")
    assert [one.id for one in samples_of(tsv)] == ["a/r1.wav", "b/r1.wav"]
    write_file(folder / "test.tsv", "/data\na/r1.wav\t48000\nb/r1.wav\tx\n")
    with pytest.raises(DataError, match="line 3 is not `path<TAB>frames`"):
        samples_of(tsv)


@pytest.mark.parametrize(
    "content",
    [
        'wavs/r1.wav\t"Yes, he said\nwavs/r3.wav\tno\n',
        '"Yes, he said\twavs/r1.wav\nno\twavs/r3.wav\n',
        'audio\ttext\nwavs/r1.wav\t"""Yes, he said"\nwavs/r3.wav\tno\n',
        'path\tsentence\nwavs/r1.wav\t"""Yes, he said"\nwavs/r3.wav\tno\n',
    ],
)
def test_a_tsv_of_paths_and_texts(folder: Path, content: str) -> None:
    first, second = samples_of(write_file(folder / "list.tsv", content))
    assert (first.target, second.target) == ('"Yes, he said', "no")
    assert audio(first).name == str(folder / "wavs/r1.wav")
    named = content.startswith(("audio", "path"))
    assert first.id == ("wavs/r1.wav" if named else "r1")
    assert "No such file" in reason(second)


def test_a_tsv_of_common_voice(folder: Path) -> None:
    write_file(folder / "clips/c1.mp3", b"ID3")
    content = 'client_id\tpath\tsentence\tage\nann\tc1.mp3\t"Yes, he said.\tteens\n'
    (sample,) = samples_of(write_file(folder / "test.tsv", content))
    assert (sample.id, sample.target, sample.group) == ("c1.mp3", '"Yes, he said.', "ann")
    assert sample.tags == {"speaker": "ann", "age": "teens"}
    assert audio(sample).name == str(folder / "clips/c1.mp3")
    write_file(folder / "train.tsv", content.replace("ann", "bob"))
    (selected,) = transcripts(folder, split="test").samples
    assert (selected.group, audio(selected).name) == ("ann", audio(sample).name)
    with pytest.raises(DataError, match="give one file: --data"):
        transcripts(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'wavs/r1.wav,"Yes, he said"\n'),
        ("a.csv", '"Yes, he said",wavs/r1.wav\n'),
        ("a.csv", 'r1,wavs/r1.wav,"Yes, he said"\n'),
        ("a.tsv", "r1\twavs/r1.wav\tYes, he said\n"),
    ],
)
def test_tables_without_a_header(folder: Path, name: str, content: str) -> None:
    (sample,) = samples_of(write_file(folder / name, content))
    assert (sample.id, sample.target) == ("r1", "Yes, he said")
    assert audio(sample).name == str(folder / "wavs/r1.wav")


@pytest.mark.parametrize("row", ["a.wav,b.wav", "a.wav,b,c,d", "a.wav"])
def test_a_missing_header_that_cannot_be_guessed(folder: Path, row: str) -> None:
    with pytest.raises(DataError, match=r"a\.csv line 1 .* so the header is missing; add a line"):
        samples_of(write_file(folder / "a.csv", f"{row}\n"))


def test_a_manifest_of_one_row(folder: Path) -> None:
    (sample,) = samples_of(manifest(folder, {"duration": 3.0}))
    assert (sample.id, sample.target) == ("wavs/r1.wav", "a")


def test_plain_lines_score_outputs_in_the_same_order(folder: Path) -> None:
    place = write_file(folder / "ref.txt", "one two\n\n three\n")
    assert [(one.id, one.target) for one in samples_of(place)] == [
        ("0", "one two"),
        ("1", ""),
        ("2", "three"),
    ]
    record = mmbench.score("transcripts", write_file(folder / "hyp.txt", "one\n\nthree\n"),
                           data=place).record  # fmt: skip
    assert record.scores["wer[none]"].value == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty; give one transcript per line"),
        ("ann-1 one\nann-2 two\n", "begin with an id; name a file of such lines text"),
        ("one (a)\ntwo (b)\n", "end with an id; name a file of such lines NAME.trn"),
    ],
)
def test_plain_lines_with_ids_are_refused(folder: Path, content: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        samples_of(write_file(folder / "ref.txt", content))


@pytest.mark.parametrize("line", ["{} a b", "clips/{}.wav a b", "a b ({})"])
def test_lines_with_the_names_of_audio_files(folder: Path, line: str) -> None:
    data = write_lines(folder / "m.json", *(
        {"audio_filepath": f"wavs/{name}.flac", "text": f"a {name}"} for name in ("r1", "r2")
    ))  # fmt: skip
    lines = "".join(line.format(name) + "\n" for name in ("r2", "r1"))
    record = mmbench.score("transcripts", write_file(folder / "hyp.txt", lines), data=data).record
    assert record.scores["wer[none]"].value == pytest.approx(2 / 4)
    assert "the id of a sample, so lines are read as" in " ".join(record.notes)


def test_texts_next_to_audio_files(folder: Path) -> None:
    with pytest.raises(DataError, match="has audio files, but no transcripts; write each text to"):
        samples_of(folder)
    write_file(folder / "wavs/r1.txt", "hello\nyou\n")
    write_file(folder / "README.txt", "about")
    (sample,) = samples_of(folder)
    assert (sample.id, sample.target) == ("wavs/r1", "hello you")
    assert audio(sample).name == str(folder / "wavs/r1.wav")
    write_file(folder / "wavs/r2.wav", wav())
    with pytest.raises(DataError, match="audio files without a transcript: wavs/r2;"):
        samples_of(folder)
    write_file(folder / "ref.csv", "id,text\nx,a\n")
    assert [one.id for one in samples_of(folder)] == ["x"]
