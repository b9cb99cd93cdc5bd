"""Questions in other languages, found in the prompts of other harnesses."""

from unicodedata import normalize

import pytest

from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import notes, value
from tests.predictions.harnesses.test_lmms_eval import lmms
from tests.support.files import write_lines

# The questions of a language begin and end alike, as those of a data set often do.
QUESTIONS = {
    "Chinese": {"这是什么动物？": "猫", "这是什么颜色？": "红色", "这是谁的车？": "她的"},
    "Japanese": {"これは何色ですか？": "赤", "これは何ですか？": "猫", "これは誰ですか？": "母"},
    "Thai": {"นี่คือสัตว์อะไร": "แมว", "นี่คือสีอะไร": "แดง", "นี่คือใคร": "แม่"},
    "Arabic": {"ما هذا الحيوان؟": "قطة", "ما هذا اللون؟": "أحمر", "ما هذا؟": "سيارة"},
    "Vietnamese": {"Đây là con gì?": "mèo", "Đây là màu gì?": "đỏ", "Đây là ai?": "mẹ"},
    "English": {"What is it?": "a cat", "What colour is it?": "red", "Whose is it?": "hers"},
}
# Prompts of other harnesses; {} is the question.
PROMPTS = [
    "{}\n请用一个词回答。",
    "问题：{}\n回答：",
    "看图回答问题：{}请用一个词回答。",
    "Question:{} Answer with a single word.",
    "Look at the picture, and answer the question. " + "Think about it. " * 30 + "{}",
]


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("language", QUESTIONS)
def test_questions_are_found_in_prompts(scored, tmp_path, language, prompt):
    pairs = list(QUESTIONS[language].items())
    data = [{"id": f"s{n}", "question": q, "answer": a} for n, (q, a) in enumerate(pairs)]
    order = (2, 0, 1)  # row numbers are those of another order
    rows = [
        lmms(row, data[n], data[n]["answer"], arguments=[prompt.format(data[n]["question"]), {}])
        for row, n in enumerate(order)
    ]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, write_lines(tmp_path / "data.jsonl", *data))
    assert value(record, "exact_match") == 1
    assert "matched by question, reference and media; 3 of 3" in notes(record)


def test_composed_and_decomposed_letters_are_the_same(scored, tmp_path):
    pairs = list(QUESTIONS["Vietnamese"].items())
    data = [{"id": f"s{n}", "question": q, "answer": a} for n, (q, a) in enumerate(pairs)]
    decomposed = [{name: normalize("NFD", text) for name, text in row.items()} for row in data]
    assert decomposed != data
    rows = [lmms(row, decomposed[n], data[n]["answer"]) for row, n in enumerate((2, 0, 1))]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, write_lines(tmp_path / "data.jsonl", *data))
    assert value(record, "exact_match") == 1
