"""Tables of VLMEvalKit."""

import sys

import pytest

from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import OUTPUTS, QUESTIONS, notes, value
from tests.support.files import write_lines, write_table


def rows(outputs, **more):
    return [
        {
            "index": n,
            "question": q["question"],
            "answer": q["answer"],
            "hint": None,
            "category": "animals",
            "image_path": q["image"],
            "prediction": output,
            **{name: values[n] for name, values in more.items()},
        }
        for n, (q, output) in enumerate(zip(QUESTIONS, outputs, strict=True))
    ]


@pytest.mark.parametrize("ending", ["xlsx", "tsv", "json"])
def test_tables(scored, answers, tmp_path, ending):
    path = tmp_path / f"Qwen_VQA.{ending}"
    writers.vlmevalkit(path, rows(["dog", "", "horse", "red"], hit=[1, 0, 0, 1]))
    record = scored("answers", path, answers)
    assert value(record, "exact_match") == 0.5
    assert record["counts"]["failed"] == 0
    assert "VLMEvalKit itself reports hit 0.5000" in notes(record)


def test_indices_of_the_data(scored, tmp_path):
    data = write_table(
        tmp_path / "d.csv",
        [
            {"id": n, "question": q["question"], "answer": q["answer"]}
            for n, q in enumerate(QUESTIONS)
        ],
    )
    path = writers.vlmevalkit(tmp_path / "M_D.xlsx", rows(OUTPUTS))
    record = scored("answers", path, data)
    assert value(record, "exact_match") == 0.75
    assert "outputs are matched by column index; 4 of 4" in notes(record)


def test_indices_that_are_ids_of_other_samples_are_not_used(scored, tmp_path):
    turned = QUESTIONS[::-1]
    data = write_lines(tmp_path / "d.jsonl", *({**q, "id": n} for n, q in enumerate(turned)))
    path = writers.vlmevalkit(tmp_path / "M_D.tsv", rows(OUTPUTS))
    record = scored("answers", path, data)
    assert value(record, "exact_match") == 0.75
    assert "matched by question, reference and media" in notes(record)


@pytest.mark.parametrize(
    ("column", "ending", "cell"),
    [
        ("video_path", "mp4", "./video/{}.mp4"),  # as Video-MME
        ("image_path", "jpg", "['frames/{}.jpg', 'frames/{}-2.jpg']"),  # as MMMU
        ("audio", "wav", "{}.wav"),
    ],
)
def test_media_distinguish_rows_with_the_same_question(scored, tmp_path, column, ending, cell):
    modality = column.removesuffix("_path")
    names, outputs = ["one", "two", "three", "four"], ["A", "B", "B", "A"]
    data = [
        {"id": f"q-{n}", "question": "What happens?", "answer": a, modality: f"{n}.{ending}"}
        for n, a in zip(names, outputs, strict=True)
    ]
    table = [
        {
            "index": 7 + row,
            "question": "What happens?",
            "answer": outputs[n],
            column: cell.format(names[n], names[n]),
            "prediction": outputs[n] if names[n] != "three" else "C",
        }
        for row, n in enumerate((3, 1, 0, 2))
    ]
    path = writers.vlmevalkit(tmp_path / "M_D.tsv", table)
    record = scored("answers", path, write_lines(tmp_path / "d.jsonl", *data))
    assert value(record, "exact_match") == 0.75
    assert "; 4 of 4 have the question, reference or media of their sample" in notes(record)


def test_failures_of_the_model_are_failed_samples(scored, answers, tmp_path):
    failed = ["dog", "Failed to obtain answer via API.", "cat", "red"]
    path = writers.vlmevalkit(tmp_path / "M_D.xlsx", rows(failed))
    record = scored("answers", path, answers, code=3)
    assert record["counts"]["failed"] == 1
    assert record["failures"][0] == ["q3", "Failed to obtain answer via API."]


def test_cells_cut_by_excel_are_reported(scored, answers, tmp_path):
    path = writers.vlmevalkit(tmp_path / "M_D.xlsx", rows(["dog " * 9000, *OUTPUTS[1:]]))
    record = scored("answers", path, answers)
    assert "1 of 4 predictions has 32,767 characters, the limit of an Excel cell" in notes(record)


def test_another_column(scored, answers, tmp_path):
    path = tmp_path / "M_D_judge.xlsx"
    writers.vlmevalkit(path, rows(["?"] * 4, res=OUTPUTS, key=["q7", "q3", "q9", "q1"]))
    record = scored("answers", path, answers, "--field", "prediction=res,id=key")
    assert value(record, "exact_match") == 0.75
    message_fields = ("--field", "id=key")
    assert value(scored("answers", path, answers, *message_fields), "exact_match") == 0


def test_files_that_are_refused(refused, answers, tmp_path):
    pickle = tmp_path / "01_VQA.pkl"
    pickle.write_bytes(b"\x80\x04}\x94.")
    assert "is a pickle, which can run any code" in refused("answers", pickle, answers)
    damaged = tmp_path / "M_D.xlsx"
    damaged.write_bytes(b"PK\x03\x04 not really")
    assert "is not an Excel table that can be read" in refused("answers", damaged, answers)
    whole = writers.vlmevalkit(tmp_path / "M_E.xlsx", rows(OUTPUTS)).read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    assert "is not an Excel table that can be read" in refused("answers", damaged, answers)


def test_the_library_for_excel_is_optional(refused, answers, tmp_path, monkeypatch):
    path = writers.vlmevalkit(tmp_path / "M_D.xlsx", rows(OUTPUTS))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'mmbench[xlsx]'" in refused("answers", path, answers)
