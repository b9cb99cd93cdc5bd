"""Reasoning in the outputs of models: what is removed, what is kept, and what has no answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.text.reasoning import (
    SplitText,
    final_answer,
    has_reasoning,
    opening_marker,
    reasoning_end,
    split_at_markers,
    split_reasoning,
)

# Each text as the named model or server writes it; the answer is what stands outside the reasoning.
ANSWERS: list[tuple[str, str | None]] = [
    ("<think>one, two, three</think>3", "3"),  # DeepSeek-R1, Qwen3
    ("<think>\nIs it A?\n</think>\n\nThe answer is B.", "The answer is B."),
    ("<think></think>B", "B"),  # Qwen3 without thinking writes an empty trace
    ("A? C?\n</think>\n\nB", "B"),  # the prompt wrote the opening tag
    ("<THINK>x</Think> B", "B"),
    ("<thinking>x</thinking>B", "B"),
    ("<reasoning>x</reasoning>\nB", "B"),
    ("<thought>x</thought>B", "B"),
    ("<seed:think>x</seed:think>B", "B"),  # Seed-OSS
    ("[THINK]x[/THINK]B", "B"),  # Magistral
    ("◁think▷x◁/think▷B", "B"),  # Kimi-VL
    ("x◁/think▷B", "B"),
    ("<|START_THINKING|>x<|END_THINKING|>B", "B"),  # Command A
    ("<|begin_of_thought|>x<|end_of_thought|>B", "B"),  # Sky-T1
    ("Sure. <think>x</think>It is B.", "Sure. It is B."),
    ("<think>a</think>B <think>b</think>C", "B C"),  # interleaved thinking
    ("<think>I may write <think> here.</think>B", "B"),  # the tag is named within the trace
    ("<think>a<think>b</think>c</think>B", "B"),  # nested: what is before the last end is inside
    ("<answer>B</answer>", "B"),
    ("<think>A or C?</think><answer> B </answer>", "B"),
    ("<think><answer>A</answer>? No.</think><answer>B</answer>", "B"),
    ("<answer>B", "B"),  # cut off at the stop sequence </answer>
    ("B</answer>", "B"),  # the prompt wrote the opening tag
    ("<answer>A</answer> Wait. <answer>B</answer>", "B"),
    ("<|channel|>analysis<|message|>A?<|end|><|start|>assistant<|channel|>final<|message|>B"
     "<|return|>", "B"),  # gpt-oss, openai/harmony
    ("<|channel|>analysis<|message|>A?<|end|>"
     "<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"
     "<|start|>assistant<|channel|>final <|constrain|>json<|message|>B", "B"),
    ("A?<|end|><|start|>assistant<|channel|>final<|message|>B", "B"),  # prompt wrote the channel
    ("<|channel|>final<|message|><answer>B</answer>", "B"),
    ("analysisThe user asks A.assistantfinalB", "B"),  # special tokens were left out
    ('<think time="3">x</think>\nB', "B"),
    ("Hm. <think duration=3>A?", None),  # an attribute, and no end
    ("<reflection>x</reflection>B", "B"),
    ("<scratchpad>x</scratchpad>B", "B"),
    ("<unused94>thought\nx<unused95>B", "B"),  # MedGemma
    ("<think>x</think>The answer is <|begin_of_box|>B<|end_of_box|>.", "B"),  # GLM-4.1V, GLM-4.5V
    ("<|begin_of_thought|>x<|end_of_thought|>\n<|begin_of_solution|>B<|end_of_solution|>", "B"),
    ("<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>B<|END_RESPONSE|>", "B"),
    ("<think>x</think><response>B</response>", "B"),  # Granite 3.3
    ("Here is my thought process: A?\nHere is my response: B", "B"),  # Granite 3.2
    ("Here's my thought process: A or B", None),
    ("<SUMMARY>s</SUMMARY><REASONING>A?</REASONING><CONCLUSION>B</CONCLUSION>", "B"),  # LLaVA-CoT
    ("x\n[BEGIN FINAL RESPONSE]\nB\n[END FINAL RESPONSE]", "B"),  # Apriel
    ("<final_answer>B</final_answer>", "B"),
    ('<answer type="letter">B</answer>', "B"),
    ("<answer>B</answer>\n<answer>", "B"),  # cut off as it began again
    ("<answer>B</answer><answer> </answer>", "B"),
    ("analysisThe user asks B", None),  # cut off, special tokens were left out
]  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), ANSWERS)
def test_the_answer_without_its_reasoning(text: str, answer: str | None) -> None:
    assert has_reasoning(text)
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "<think>The answer is B. But let me look at",
        "<think>a</think>B <think>or",
        "◁think▷The answer is B",
        "<|channel|>analysis<|message|>The answer is B",
        "<|channel|>analysis<|message|>The answer is B<|end|><|start|>assistant<|channel|>final",
        "<think>perhaps <answer>B</answer>",  # still within the trace
    ],
)
def test_reasoning_without_an_end_is_no_answer(text: str) -> None:
    assert final_answer(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "", " B ", "a < b > c", "I think", "think> B", "The answer: B", "<b>B</b>", "think of B",
        "analysis of the picture", "[thinking]", "x <thinker> y", "an <answers> tag", "< / >",
        "I <think so> yes", "<think of a number>", "Here is my response: B", "analysis A",
    ],
)  # fmt: skip
def test_a_text_without_markers_is_as_it_was(text: str) -> None:
    assert not has_reasoning(text)
    assert final_answer(text) == text


MARKERS = [
    "<think>", "</think>", "◁think▷", "◁/think▷", "<answer>", "</answer>", "[THINK]", "[/THINK]",
    "<|channel|>", "analysis", "final", "<|message|>", "<|end|>", "<|return|>", "assistantfinal",
    "<|begin_of_box|>", "<|end_of_box|>", "Here is my response:", "<thi", "nk>", "<", ">", "B", " ",
    "\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(MARKERS), max_size=12).map("".join))
def test_removal_is_complete_and_changes_nothing_twice(text: str) -> None:
    answer = final_answer(text)
    if answer is not None:
        assert not has_reasoning(answer)
        assert final_answer(answer) == answer
        assert len(answer) <= len(text)


@given(st.text(st.characters(exclude_characters="<[◁")), st.text(max_size=20))
def test_the_trace_itself_does_not_matter(answer: str, trace: str) -> None:
    assert final_answer(answer) == answer or "assistantfinal" in answer
    if not has_reasoning(trace) and not has_reasoning(answer):
        assert final_answer(f"<think>{trace}</think>{answer}") == answer.strip()


@pytest.mark.parametrize(("text", "answer"), ANSWERS)
def test_a_split_text_has_the_same_answer(text: str, answer: str | None) -> None:
    split = split_reasoning(text)
    assert split.answer == (answer or "")
    assert split.reasoning is not None


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("B", None, "B"),
        ("<think>\nA or B?\n</think>\n\nB", "A or B?", "B"),
        ("A or B?</think>B", "A or B?", "B"),
        ("<think>A or", "A or", ""),
        ("<think>A?</think>", "A?", ""),
        ("<think></think>B", "", "B"),
        ("<answer>B</answer>", "", "B"),
        ("B is big. <answer>B</answer>", "B is big.", "B"),
        ("<think>a</think>B <think>b</think>C", "aB bC", "B C"),  # not in one piece
    ],
)
def test_a_text_is_split_into_reasoning_and_answer(
    text: str, reasoning: str | None, answer: str
) -> None:
    assert split_reasoning(text) == SplitText(reasoning, answer)


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("(( A? )) B", "A?", "B"),
        ("A? )) B", "A?", "B"),
        ("(( A?", "A?", ""),
        ("<think>A?</think>B", None, "<think>A?</think>B"),  # other markers are part of the answer
    ],
)
def test_markers_of_ones_own_split_a_text(text: str, reasoning: str | None, answer: str) -> None:
    assert split_at_markers(text, "((", "))") == SplitText(reasoning, answer)
    if not text.startswith("(("):
        assert split_at_markers(text, "", "))") == SplitText(reasoning, answer)


@pytest.mark.parametrize(
    ("prompt", "marker"),
    [
        ("<|assistant|><think>\n", "<think>\n"),
        ("assistant: [THINK]", "[THINK]"),
        ("What does <think> mean? assistant:", ""),
        ("assistant: <think>\n\n</think>\n\n", ""),  # Qwen3 without thinking
        ("", ""),
    ],
)
def test_a_prompt_may_end_with_the_opening_marker(prompt: str, marker: str) -> None:
    assert opening_marker(prompt) == marker


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>a</think>B", "B"),
        ("a</think>b<think>c</think>D", "D"),
        (
            "<|channel|>analysis<|message|>A?<|end|><|start|>assistant<|channel|>final<|message|>B",
            "B",
        ),
        ("Here is my thought process: A?\nHere is my response: B", " B"),
        ("B", "B"),
        ("<think>B", "<think>B"),
    ],
)
def test_the_answer_begins_after_the_last_end_of_reasoning(text: str, rest: str) -> None:
    assert text[reasoning_end(text) :] == rest
