"""Results of other harnesses, scored end to end with `mmbench score`."""

import csv
import json

import pytest

from tests.predictions.harnesses import writers
from tests.support.command_line import refusal, run_record
from tests.support.files import write_lines, write_table

# Own data with ids that are not row numbers. Two questions are the same, of different images.
QUESTIONS = [
    {"id": "q7", "question": "What animal is it?", "image": "img/one.jpg", "answer": "dog"},
    {"id": "q3", "question": "How many cars are there?", "image": "img/two.jpg", "answer": "2"},
    {"id": "q9", "question": "What animal is it?", "image": "img/three.jpg", "answer": "cat"},
    {"id": "q1", "question": "What colour is the bus?", "image": "img/four.jpg", "answer": "red"},
]
# Outputs of the model in the order of the questions: three of four are right.
OUTPUTS = ["dog", "2", "horse", "red"]
CHOICES = [
    {"id": "a", "question": "What is it?", "options": ["a cat", "a dog", "a fox"], "answer": "B"},
    {"id": "b", "question": "Where is it?", "options": ["on a sofa", "in a car"], "answer": "A"},
    {"id": "c", "question": "Whose is it?", "options": ["mine", "yours"], "answer": "B"},
]


@pytest.fixture
def answers(tmp_path):
    return write_lines(tmp_path / "data.jsonl", *QUESTIONS)


@pytest.fixture
def choices(tmp_path):
    return write_lines(tmp_path / "choices.jsonl", *CHOICES)


@pytest.fixture
def scored(capsys, tmp_path):
    """Run `mmbench score` and return the record."""

    def run(task, path, data, *flags, code=0):
        files = ("--predictions", str(path), "--data", str(data), "--out", str(tmp_path / "board"))
        return run_record(capsys, "score", "-t", task, *files, *flags, code=code)

    return run


@pytest.fixture
def refused(capsys, tmp_path):
    def run(task, path, data, *flags):
        files = ("--predictions", str(path), "--data", str(data), "--out", str(tmp_path / "board"))
        message = refusal(capsys, "score", "-t", task, *files, *flags)
        assert message.count("\n") == 1, message
        return message

    return run


def value(record, metric):
    return record["scores"][metric]["value"]


def notes(record):
    return "\n".join(record["notes"])


def lmms(row, question, output, filtered=None, **more):
    return {
        "doc_id": row,
        "doc": {"question": question["question"]},
        "target": question["answer"],
        "arguments": [f"{question['question']}\nAnswer with a single word.", {}],
        "resps": [[output]],
        "filtered_resps": [output if filtered is None else filtered],
        "exact_match": float(output == question["answer"]),
        **more,
    }


def lm(row, doc, outputs, filtered, name="none", **more):
    return {
        "doc_id": row,
        "doc": doc,
        "target": doc["answer"],
        "arguments": [(f"Question: {doc['question']}\nAnswer:", {"until": ["\n"]})],
        "resps": [outputs],
        "filtered_resps": [filtered],
        "filter": name,
        "metrics": ["exact_match"],
        "exact_match": float(filtered == doc["answer"]),
        **more,
    }


class TestLmmsEval:
    def test_rows_are_checked_against_questions_and_references(self, scored, answers, tmp_path):
        rows = [lmms(n, q, o) for n, (q, o) in enumerate(zip(QUESTIONS, OUTPUTS, strict=True))]
        path = writers.lmms_eval(tmp_path / "20260806_101112_samples_vqa.jsonl", rows)
        record = scored("answers", path, answers)
        assert value(record, "exact_match") == 0.75
        assert (
            "results of lmms-eval: the model's outputs (resps) are scored\n"
            "lmms-eval itself reports exact_match 0.7500\n"
            "outputs are matched by row number; 4 of 4 have the question, reference or media of"
            " their sample"
        ) in notes(record)

    def test_a_folder_with_the_samples_of_one_task(self, scored, refused, answers, tmp_path):
        rows = [lmms(n, q, o) for n, (q, o) in enumerate(zip(QUESTIONS, OUTPUTS, strict=True))]
        folder = tmp_path / "out"
        writers.lmms_eval(folder / "model/1_samples_vqa.jsonl", rows)
        assert value(scored("answers", folder, answers), "exact_match") == 0.75
        writers.lmms_eval(folder / "model/1_samples_pope.jsonl", rows)
        assert "has 2 files of samples" in refused("answers", folder, answers)

    def test_the_raw_output_is_scored_unless_the_filtered_one_is_asked_for(
        self, scored, answers, tmp_path
    ):
        rows = [lmms(n, q, f"It is: {q['answer']}", q["answer"]) for n, q in enumerate(QUESTIONS)]
        path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
        assert value(scored("answers", path, answers), "exact_match") == 0
        for name in ("filtered_resps", "extracted"):
            record = scored("answers", path, answers, "--field", f"prediction={name}")
            assert value(record, "exact_match") == 1
            assert "the answers that lmms-eval extracted (filtered_resps) are scored" in notes(
                record
            )

    def test_rows_of_another_order_are_matched_by_content(self, scored, answers, tmp_path):
        order = [2, 0, 3, 1]
        rows = [lmms(n, QUESTIONS[k], OUTPUTS[k]) for n, k in enumerate(order)]
        path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
        record = scored("answers", path, answers)
        assert value(record, "exact_match") == 0.75
        assert "matched by question, reference and media; 4 of 4" in notes(record)

    def test_a_repeated_question_is_told_apart_by_its_image(self, scored, answers, tmp_path):
        order = [2, 0, 3, 1]
        media = [[f"/cache/{QUESTIONS[k]['image'].split('/')[1]}"] for k in order]
        rows = [
            lmms(n, QUESTIONS[k], OUTPUTS[k], target="?", input_media=media[n])
            for n, k in enumerate(order)
        ]
        path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
        record = scored("answers", path, answers)
        assert value(record, "exact_match") == 0.75
        assert "the reference in the file is not that of the data for 4 samples" in notes(record)

    def test_ambiguous_outputs_are_listed_and_never_guessed(
        self, refused, scored, answers, tmp_path
    ):
        order = [2, 0, 3, 1]
        rows = [lmms(n, QUESTIONS[k], OUTPUTS[k], target="?") for n, k in enumerate(order)]
        path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
        message = refused("answers", path, answers)
        assert "by row number, 3 of 4 outputs have the question and reference of another" in message
        assert "2 of 4 outputs fit several samples: 0, 1;" in message
        assert "--partial scores the others; --field id=row matches without this check" in message
        record = scored("answers", path, answers, "--partial")
        assert record["counts"]["samples"] == 2
        assert value(record, "exact_match") == 1
        assert "partial: left out 2 outputs that fit no single sample" in notes(record)

    def test_the_user_may_insist_on_row_numbers(self, scored, answers, tmp_path):
        order = [2, 0, 3, 1]
        rows = [lmms(n, QUESTIONS[k], OUTPUTS[n], target="?") for n, k in enumerate(order)]
        path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
        record = scored("answers", path, answers, "--field", "id=row")
        assert value(record, "exact_match") == 0.75
        assert "row number, which could not be checked" in notes(record)

    def test_results_of_other_data_are_refused(self, refused, answers, tmp_path):
        other = {"question": "Is there a boat?", "answer": "yes"}
        rows = [lmms(n, other, "yes") for n in range(4)]
        path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
        message = refused("answers", path, answers)
        assert (
            "4 of 4 outputs fit no sample by question, reference and media: 0, 1, 2, 3" in message
        )
        assert "give --data the samples of this file" in message

    def test_repeats_have_to_be_chosen(self, refused, scored, answers, tmp_path):
        rows = [
            {
                **lmms(n, q, ""),
                "resps": [["no"], [q["answer"]]],
                "filtered_resps": ["no", q["answer"]],
            }
            for n, q in enumerate(QUESTIONS)
        ]
        path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
        message = refused("answers", path, answers)
        assert "with the repeats 1, 2; choose one with --field repeat=1" in message
        for repeat, expected in (("1", 0), ("2", 1)):
            record = scored("answers", path, answers, "--field", f"repeat={repeat}")
            assert value(record, "exact_match") == expected
            assert f"results of lmms-eval, repeat {repeat}:" in notes(record)

    def test_ten_human_answers_in_the_order_of_the_file(self, scored, tmp_path):
        data = write_lines(
            tmp_path / "d.jsonl",
            *(
                {"id": f"i{n}", "question": f"Number {n}?", "answers": [f"a{n}", "b"]}
                for n in range(9)
            ),
        )
        rows = [
            lmms(n, {"question": f"Number {n}?", "answer": [f"a{n}", "b"]}, f"a{n}")
            for n in range(9)
        ]
        path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
        record = scored("answers", path, data)
        assert value(record, "exact_match") == 1
        assert "9 of 9 have the question" in notes(record)
        assert "not that of the data" not in notes(record)


class TestLmEval:
    def test_filters_of_one_output_need_no_choice(self, scored, refused, answers, tmp_path):
        docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS]
        rows = [
            lm(n, doc, [output], output if name == "none" else "[invalid]", name)
            for name in ("none", "strict-match")
            for n, (doc, output) in enumerate(zip(docs, OUTPUTS, strict=True))
        ]
        path = writers.lm_eval(tmp_path / "samples_vqa_2026-08-21T10-11-12.123456.jsonl", rows)
        assert value(scored("answers", path, answers), "exact_match") == 0.75
        message = refused("answers", path, answers, "--field", "prediction=filtered_resps")
        assert "with the filters none, strict-match; choose one with --field filter=none" in message
        fields = "prediction=filtered_resps,filter=strict-match"
        record = scored("answers", path, answers, "--field", fields)
        assert value(record, "exact_match") == 0
        assert "results of lm-eval, filter strict-match: the answers that lm-eval" in notes(record)
        message = refused("answers", path, answers, "--field", "filter=strict")
        assert "did you mean strict-match?" in message

    def test_aggregates_of_the_file_of_results(self, scored, answers, tmp_path):
        docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS]
        rows = [lm(n, d, [o], o) for n, (d, o) in enumerate(zip(docs, OUTPUTS, strict=True))]
        date = "2026-08-21T10-11-12.123456"
        path = writers.lm_eval(tmp_path / f"samples_vqa_{date}.jsonl", rows)
        scores = {"alias": "vqa", "exact_match,none": 0.7512, "exact_match_stderr,none": 0.1}
        (tmp_path / f"results_{date}.json").write_text(json.dumps({"results": {"vqa": scores}}))
        assert "lm-eval itself reports exact_match 0.7512" in notes(
            scored("answers", path, answers)
        )

    def test_ids_in_the_rows_of_the_data_set_come_first(self, scored, answers, tmp_path):
        # The rows are numbered in another order, and a question was rewritten.
        order = [3, 2, 1, 0]
        docs = [{"id": QUESTIONS[k]["id"], **QUESTIONS[k], "question": "What?"} for k in order]
        rows = [
            lm(n, d, [OUTPUTS[k]], OUTPUTS[k])
            for n, (d, k) in enumerate(zip(docs, order, strict=True))
        ]
        path = writers.lm_eval(tmp_path / "samples_x.jsonl", rows)
        record = scored("answers", path, answers)
        assert value(record, "exact_match") == 0.75
        assert "outputs are matched by column id; 4 of 4" in notes(record)

    @staticmethod
    def rated(row, question, likelihoods, target, texts=None):
        texts = question["options"] if texts is None else texts
        return {
            "doc_id": row,
            "doc": {"question": question["question"], "choices": question["options"]},
            "target": target,
            "arguments": [(f"{question['question']}\nAnswer:", f" {text}") for text in texts],
            "resps": [[(number, False)] for number in likelihoods],
            "filtered_resps": [(number, False) for number in likelihoods],
            "filter": "none",
            "metrics": ["acc"],
            "acc": float(likelihoods.index(max(likelihoods)) == target),
        }

    def test_the_likeliest_option_is_the_answer(self, scored, choices, tmp_path):
        rows = [
            self.rated(0, CHOICES[0], [-9.5, -1.5, -3.0], 1),
            self.rated(1, CHOICES[1], [-2.5, -1.5], 0),
            self.rated(2, CHOICES[2], [-2.5, -0.5], 1),
        ]
        path = writers.lm_eval(tmp_path / "samples_mc.jsonl", rows)
        record = scored("choices", path, choices)
        assert value(record, "choice_accuracy") == pytest.approx(2 / 3)
        assert value(record, "choice_unparsed") == 0
        assert (
            "3 answers are the option of highest log-likelihood, not normalised by length\n"
            "lm-eval itself reports acc 0.6667\n"
            "outputs are matched by row number; 3 of 3"
        ) in notes(record)

    def test_options_in_another_order_are_chosen_by_their_text(self, scored, choices, tmp_path):
        turned = [{**c, "options": c["options"][::-1]} for c in CHOICES]
        rows = [
            self.rated(n, c, [-1.0, *[-5.0] * (len(c["options"]) - 1)], 0)
            for n, c in enumerate(turned)
        ]
        path = writers.lm_eval(tmp_path / "samples_mc.jsonl", rows)
        # The first of the turned options: a fox, in a car, yours.
        assert value(scored("choices", path, choices), "choice_accuracy") == pytest.approx(1 / 3)

    def test_unconditional_likelihoods_are_left_out(self, scored, choices, tmp_path):
        rows = []
        for n, c in enumerate(CHOICES):
            row = self.rated(n, c, [-5.0, -1.0, -7.0][: len(c["options"])], 1)
            row["arguments"] += [("", f" {text}") for text in c["options"]]
            row["resps"] += [[(-0.1, False)] for _ in c["options"]]
            row["filtered_resps"] += [(-0.1, False) for _ in c["options"]]
            rows.append(row)
        path = writers.lm_eval(tmp_path / "samples_mc.jsonl", rows)
        assert value(scored("choices", path, choices), "choice_accuracy") == pytest.approx(2 / 3)

    def test_the_likelihood_of_one_text_is_no_answer(self, refused, choices, tmp_path):
        rows = [self.rated(0, CHOICES[0], [-1.0], 0)]
        path = writers.lm_eval(tmp_path / "samples_ll.jsonl", rows)
        message = refused("choices", path, choices)
        assert "line 1: filtered_resps is the likelihood of one text, not an answer" in message

    def test_a_limited_run_needs_partial(self, refused, scored, answers, tmp_path):
        docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS[:2]]
        rows = [
            lm(n, d, [o], o, exact_match=float("nan"))
            for n, (d, o) in enumerate(zip(docs, OUTPUTS[:2], strict=True))
        ]
        path = writers.lm_eval(tmp_path / "samples_vqa.jsonl", rows)
        assert "2 of 4 samples have no output: q9, q1; --partial" in refused(
            "answers", path, answers
        )
        record = scored("answers", path, answers, "--partial")
        assert (value(record, "exact_match"), record["counts"]["samples"]) == (1, 2)

    def test_a_damaged_line(self, refused, answers, tmp_path):
        docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS]
        path = writers.lm_eval(tmp_path / "samples_vqa.jsonl", [lm(0, docs[0], ["x"], "x")])
        path.write_text(path.read_text() + '{"doc_id": 1, "resps"')
        assert "samples_vqa.jsonl: line 2 column 22" in refused("answers", path, answers)
        path.write_text(path.read_text().splitlines()[0] + '\n{"doc_id": "1"}\n')
        assert "line 2: no doc_id, doc_hash or filtered_resps" in refused("answers", path, answers)


class TestVlmEvalKit:
    @staticmethod
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
    def test_tables(self, scored, answers, tmp_path, ending):
        path = tmp_path / f"Qwen_VQA.{ending}"
        writers.vlmevalkit(path, self.rows(["dog", "", "horse", "red"], hit=[1, 0, 0, 1]))
        record = scored("answers", path, answers)
        assert value(record, "exact_match") == 0.5
        assert record["counts"]["failed"] == 0
        assert "VLMEvalKit itself reports hit 0.5000" in notes(record)

    def test_indices_of_the_data(self, scored, tmp_path):
        data = write_table(
            tmp_path / "d.csv",
            [
                {"id": n, "question": q["question"], "answer": q["answer"]}
                for n, q in enumerate(QUESTIONS)
            ],
        )
        path = writers.vlmevalkit(tmp_path / "M_D.xlsx", self.rows(OUTPUTS))
        record = scored("answers", path, data)
        assert value(record, "exact_match") == 0.75
        assert "outputs are matched by column index; 4 of 4" in notes(record)

    def test_indices_that_are_ids_of_other_samples_are_not_used(self, scored, tmp_path):
        turned = QUESTIONS[::-1]
        data = write_lines(tmp_path / "d.jsonl", *({**q, "id": n} for n, q in enumerate(turned)))
        path = writers.vlmevalkit(tmp_path / "M_D.tsv", self.rows(OUTPUTS))
        record = scored("answers", path, data)
        assert value(record, "exact_match") == 0.75
        assert "matched by question, reference and media" in notes(record)

    def test_failures_of_the_model_are_failed_samples(self, scored, answers, tmp_path):
        failed = ["dog", "Failed to obtain answer via API.", "cat", "red"]
        path = writers.vlmevalkit(tmp_path / "M_D.xlsx", self.rows(failed))
        record = scored("answers", path, answers, code=3)
        assert record["counts"]["failed"] == 1
        assert record["failures"][0] == ["q3", "Failed to obtain answer via API."]

    def test_cells_cut_by_excel_are_reported(self, scored, answers, tmp_path):
        path = writers.vlmevalkit(tmp_path / "M_D.xlsx", self.rows(["dog " * 9000, *OUTPUTS[1:]]))
        record = scored("answers", path, answers)
        assert "1 of 4 predictions has 32,767 characters, the limit of an Excel cell" in notes(
            record
        )

    def test_another_column(self, scored, answers, tmp_path):
        path = tmp_path / "M_D_judge.xlsx"
        writers.vlmevalkit(path, self.rows(["?"] * 4, res=OUTPUTS, key=["q7", "q3", "q9", "q1"]))
        record = scored("answers", path, answers, "--field", "prediction=res,id=key")
        assert value(record, "exact_match") == 0.75
        message_fields = ("--field", "id=key")
        assert value(scored("answers", path, answers, *message_fields), "exact_match") == 0

    def test_files_that_are_refused(self, refused, answers, tmp_path):
        pickle = tmp_path / "01_VQA.pkl"
        pickle.write_bytes(b"\x80\x04}\x94.")
        assert "is a pickle, which can run any code" in refused("answers", pickle, answers)
        damaged = tmp_path / "M_D.xlsx"
        damaged.write_bytes(b"PK\x03\x04 not really")
        assert "is not an Excel table that can be read" in refused("answers", damaged, answers)
        whole = writers.vlmevalkit(tmp_path / "M_E.xlsx", self.rows(OUTPUTS)).read_bytes()
        damaged.write_bytes(whole[: len(whole) // 2])
        assert "is not an Excel table that can be read" in refused("answers", damaged, answers)


class TestEvalScope:
    @staticmethod
    def messages(question):
        image = {"type": "image", "image": "data:image/png;base64,AAAA", "detail": "auto"}
        text = {"type": "text", "text": f"{question['question']}\nAnswer briefly."}
        return [
            writers.chat_message("system", "You are helpful."),
            writers.chat_message("user", [text, image]),
        ]

    def test_predictions_in_the_order_in_which_they_finished(self, scored, answers, tmp_path):
        rows = [
            {
                "index": n,
                "messages": self.messages(q),
                "model_output": writers.chat_output(
                    [{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": output}]
                ),
            }
            for n, (q, output) in enumerate(zip(QUESTIONS, OUTPUTS, strict=True))
        ]
        order = [rows[2], rows[0], rows[3], rows[1]]
        path = writers.evalscope_predictions(tmp_path / "vqa_default.jsonl", order)
        record = scored("answers", path, answers)
        assert value(record, "exact_match") == 0.75
        assert "results of EvalScope: the model's outputs (model_output) are scored" in notes(
            record
        )
        assert "matched by row number; 4 of 4" in notes(record)

    def test_errors_are_failed_samples(self, scored, answers, tmp_path):
        outputs = [writers.chat_output(o) for o in OUTPUTS[:3]]
        outputs.append(writers.chat_output("", error="blocked by the content filter"))
        rows = [
            {"index": n, "messages": self.messages(q), "model_output": o}
            for n, (q, o) in enumerate(zip(QUESTIONS, outputs, strict=True))
        ]
        path = writers.evalscope_predictions(tmp_path / "vqa_default.jsonl", rows)
        record = scored("answers", path, answers, code=3)
        assert record["failures"] == [["q1", "blocked by the content filter"]]

    def test_repeats_of_predictions_are_told_by_their_inputs(
        self, refused, scored, answers, tmp_path
    ):
        rows = [
            {
                "index": 2 * n + k,
                "messages": self.messages(q),
                "model_output": writers.chat_output(text),
            }
            for n, q in enumerate(QUESTIONS)
            for k, text in enumerate(("?", q["answer"]))
        ]
        path = writers.evalscope_predictions(tmp_path / "vqa_default.jsonl", rows)
        assert "choose one with --field repeat=1" in refused("answers", path, answers)
        record = scored("answers", path, answers, "--field", "repeat=2")
        assert value(record, "exact_match") == 1

    def test_reviews(self, scored, answers, tmp_path):
        rows = [
            {
                "index": 2 * n + k,
                "group_id": n,
                "generation_index": k,
                "target": q["answer"],
                "messages": self.messages(q),
                "prediction": f"I say {q['answer']}" if k else "?",
                "extracted": q["answer"],
                "value": {"acc": 1.0},
            }
            for n, q in enumerate(QUESTIONS)
            for k in range(2)
        ]
        path = writers.evalscope_reviews(tmp_path / "vqa_default.jsonl", rows)
        record = scored("answers", path, answers, "--field", "repeat=2,prediction=extracted")
        assert value(record, "exact_match") == 1
        assert "EvalScope itself reports acc 1.0000" in notes(record)
        record = scored("answers", path, answers, "--field", "repeat=2")
        assert value(record, "exact_match") == 0


class TestInspect:
    @staticmethod
    def samples(outputs, ids=None, **more):
        return [
            {
                "id": ids[n] if ids else n + 1,
                "input": [writers.chat_message("user", q["question"])],
                "target": q["answer"],
                "output": {**writers.chat_output(output), "completion": output or ""},
                "scores": {
                    "match": {"value": "C" if output == q["answer"] else "I", "answer": output}
                },
                **more,
            }
            for n, (q, output) in enumerate(zip(QUESTIONS, outputs, strict=True))
        ]

    def test_ids_of_the_data(self, scored, answers, tmp_path):
        ids = [q["id"] for q in QUESTIONS]
        path = writers.inspect_log(tmp_path / "log.json", self.samples(OUTPUTS, ids)[::-1])
        record = scored("answers", path, answers)
        assert value(record, "exact_match") == 0.75
        assert "matched by column id; 4 of 4" in notes(record)
        assert "inspect_ai itself reports match 0.7500" in notes(record)

    def test_ids_that_inspect_numbered_from_1(self, scored, tmp_path):
        # The ids of the data are row numbers from 0, so that 1, 2, 3 are ids of other samples.
        data = write_lines(tmp_path / "d.jsonl", *({**q, "id": n} for n, q in enumerate(QUESTIONS)))
        path = writers.inspect_log(tmp_path / "log.json", self.samples(OUTPUTS)[:3])
        record = scored("answers", path, data, "--partial")
        assert value(record, "exact_match") == pytest.approx(2 / 3)
        assert "matched by question, reference and media; 3 of 3" in notes(record)

    def test_epochs_errors_attachments_and_nan(self, scored, refused, answers, tmp_path):
        ids = [q["id"] for q in QUESTIONS]
        samples = self.samples(OUTPUTS, ids)
        samples[0]["output"] = writers.chat_output("attachment://f00")
        samples[0]["attachments"] = {"f00": "dog"}
        samples[0]["scores"]["match"]["value"] = float("nan")
        samples[3]["error"] = {"message": "RateLimitError", "traceback": "", "traceback_ansi": ""}
        second = [{**sample, "epoch": 2} for sample in self.samples(["?"] * 4, ids)]
        path = writers.inspect_log(tmp_path / "log.json", samples + second, status="cancelled")
        assert "with the repeats 1, 2; choose one" in refused("answers", path, answers)
        record = scored("answers", path, answers, "--field", "repeat=1", code=3)
        assert record["failures"] == [["q1", "RateLimitError"]]
        assert value(record, "exact_match") == pytest.approx(2 / 3)
        assert "the log has the status cancelled, not success" in notes(record)

    def test_other_files_of_inspect(self, refused, answers, tmp_path):
        archive = tmp_path / "x.eval"
        archive.write_bytes(b"PK\x03\x04")
        message = refused("answers", archive, answers)
        assert f"`inspect log convert {archive} --to json --output-dir DIR`" in message
        path = writers.inspect_log(tmp_path / "header.json", [])
        assert "this log has no samples" in refused("answers", path, answers)


class TestOpenAsr:
    TEXTS = ("she had your dark suit", "in greasy wash water", "all year")

    @pytest.fixture
    def recordings(self, tmp_path):
        path = tmp_path / "ref.csv"
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows(
                [("id", "text"), *((f"cmh_{n}", text) for n, text in enumerate(self.TEXTS))]
            )
        return path

    def test_lines_without_paths_are_matched_by_reference(self, scored, recordings, tmp_path):
        # The leaderboard sorts by length before it numbers the lines.
        rows = [
            {"text": self.TEXTS[k], "pred_text": self.TEXTS[k], "duration": 2.0, "time": 0.5}
            for k in (2, 0, 1)
        ]
        path = writers.open_asr(tmp_path / "MODEL_a-b_DATASET_x_y_test.jsonl", rows)
        record = scored("transcripts", path, recordings)
        assert value(record, "wer[none]") == 0
        assert "matched by question, reference and media; 3 of 3" in notes(record)

    def test_paths(self, scored, recordings, tmp_path):
        rows = [
            {
                "audio_filepath": f"/d/cmh_{n}.wav",
                "text": text.upper(),
                "pred_text": "",
                "duration": 1,
            }
            for n, text in enumerate(self.TEXTS)
        ]
        path = writers.open_asr(tmp_path / "m.jsonl", rows)
        record = scored("transcripts", path, recordings)
        assert value(record, "wer[none]") == 1
        assert "matched by column audio_filepath; 3 of 3" in notes(record)

    def test_chunks_are_joined(self, scored, refused, recordings, tmp_path):
        chunks = [
            {
                "parent_id": f"cmh_{n}",
                "chunk_index": k,
                "text": text,
                "pred_text": text.split()[k],
                "duration": 1.0,
                "time": 0.1,
            }
            for n, text in enumerate(self.TEXTS)
            for k in (1, 0)
        ]
        path = writers.open_asr(tmp_path / "m.jsonl", chunks)
        record = scored("transcripts", path, recordings)
        assert value(record, "wer[none]") == pytest.approx(
            5 / 11
        )  # five of eleven words are missing
        assert "6 chunks joined to 3 recordings" in notes(record)
        path = writers.open_asr(tmp_path / "m.jsonl", chunks[:1])
        assert "the chunks of cmh_0 are numbered [1], not from 0" in refused(
            "transcripts", path, recordings
        )


class TestMteb:
    @pytest.fixture
    def qrels(self, tmp_path):
        path = tmp_path / "test.qrels"
        path.write_text("q1 0 doc7 1\nq2 0 doc9 1\n")
        return path

    def test_subsets_and_splits_have_to_be_chosen(self, scored, refused, qrels, tmp_path):
        right = {"q1": {"doc7": 0.9, "doc9": 0.1}, "q2": {"doc7": 0.2, "doc9": 0.3}}
        wrong = {"q1": {"doc7": 0.1, "doc9": 0.9}, "q2": {"doc7": 0.2, "doc9": 0.3}}
        splits = {"default": {"test": right, "dev": wrong}}
        path = writers.mteb(tmp_path / "Flickr30kT2IRetrieval_predictions.json", splits)
        message = refused("pairs", path, qrels)
        assert "has 2 splits: test, dev; choose one with --field split=test" in message
        for split, expected in (("test", 1), ("dev", 0.5)):
            record = scored("pairs", path, qrels, "--field", f"split={split}")
            assert value(record, "recall@1") == expected
        assert "results of mteb, split dev: the model's outputs (scores) are scored" in notes(
            record
        )

    def test_zero_shot_classification(self, scored, tmp_path):
        data = write_lines(
            tmp_path / "d.jsonl",
            *({"id": f"i{n}", "label": label} for n, label in enumerate("abba")),
        )
        rows = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]
        path = writers.mteb(tmp_path / "CIFAR_predictions.json", {"default": {"test": rows}})
        record = scored("labels", path, data)
        assert value(record, "accuracy@1") == 0.75

    def test_predictions_of_other_tasks(self, refused, qrels, tmp_path):
        path = writers.mteb(tmp_path / "STS_predictions.json", {"default": {"test": [1, 2]}})
        message = refused("pairs", path, qrels)
        assert "neither scores of documents by query nor scores of labels by row" in message


def test_fields_that_do_not_fit_the_file(refused, answers, tmp_path):
    plain = write_lines(tmp_path / "x.jsonl", {"id": "q7", "value": "dog"})
    message = refused("answers", plain, answers, "--field", "filter=none")
    assert "is read as a table, without filter; leave --field filter=none out" in message
    rows = [lmms(n, q, o) for n, (q, o) in enumerate(zip(QUESTIONS, OUTPUTS, strict=True))]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    assert "has no filter to choose" in refused("answers", path, answers, "--field", "filter=none")
    message = refused("answers", path, answers, "--field", "id=question_id")
    assert "unknown id column of" in message
    assert "doc_id" in message
