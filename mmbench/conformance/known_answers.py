"""Test answers with scores that are known from the rules of each metric."""

from __future__ import annotations

# Output, the ten answers, and the score by the official rules: (official, normalized).
VQA: list[tuple[str, list[str], tuple[float, float]]] = [
    ("yes", ["yes"] * 10, (1, 1)),
    ("Yes", ["yes"] * 10, (0, 1)),
    ("Yes.", ["yes"] * 9 + ["no"], (1, 1)),
    ("two", ["2"] * 9 + ["3"], (1, 1)),
    ("2", ["2"] * 2 + ["x"] * 8, (0.6, 0.6)),
    ("a dog", ["dog"] * 3 + ["cat"] * 7, (0.9, 0.9)),
    ("dont know", ["don't know"] * 5 + ["no"] * 5, (1, 1)),
    ("the red\nball", ["red ball"] + ["blue"] * 9, (0.3, 0.3)),
    ("", ["no"] * 9 + ["yes"], (0, 0)),
]

POPE_YES = {
    "pope_accuracy": 0.5,
    "pope_precision": 0.5,
    "pope_recall": 1.0,
    "pope_f1": 2 / 3,
    "pope_yes_ratio": 1.0,
}

# Output, and whether the official rule reads it as yes.
POPE = {
    "yes": True,
    "No": False,
    "Yes, there is a dog in the image.": True,
    "No, there is no dog.": False,
    "There is not a dog. Yes": False,
    "Yes. No": True,
    "NO": True,
    "nothing": True,
    "no, it is a cat": False,
    "I cannot tell": True,
    "": True,
}

# For each metric: output, target, and whether the output scores 1.
READ: dict[str, list[tuple[str, object, bool]]] = {
    "exact_match": [
        ("Red", "red", True),
        ("red.", ["blue", "Red"], True),
        ("red ball", "red", False),
        ("3.5", "35", False),
        ("don't", "dont", True),
        ("", "red", False),
    ],
    "contains": [
        ("It is a red ball.", "red", True),
        ("bored", "red", False),
        ("yes, it is", "yes", True),
        ("yes, there is no doubt", "yes", False),
        ("", "red", False),
    ],
    "relaxed_accuracy": [
        ("105", "100", True),
        ("105.1", "100", False),
        ("94%", "0.95", True),
        ("0", "0", True),
        ("0.01", "0", False),
        ("Yes", "yes", True),
        ("-96", "-100", True),
    ],
    "choice_accuracy": [
        (output, {"answer": "B", "options": ["cat", "dog", "hot dog"]}, right)
        for output, right in {
            "B": True,
            "(b)": True,
            "The answer is B.": True,
            "dog": True,
            "B. dog": True,
            "hot dog": False,
            "A": False,
            "A or B": False,
            "no idea": False,
            "": False,
        }.items()
    ],
    "choice_unparsed": [
        (output, {"answer": "A", "options": ["cat", "dog"]}, unparsed)
        for output, unparsed in {
            "A": False,
            "(B)": False,
            "dog": False,
            "A or B": True,
            "no idea": True,
            "C": True,
            "": True,
        }.items()
    ],
    "pope_unparsed": [
        ("yes", "yes", False),
        ("NO.", "no", True),
        ("No.", "no", False),
        ("there is not", "no", False),
        ("nothing", "no", True),
        ("", "yes", True),
    ],
}

OURS = "golden: cases of this project's rule"
SOURCES = {
    "exact_match": "golden: cases of the rule of arXiv 1902.09506",
    "relaxed_accuracy": "golden: cases of the rule of arXiv 2203.10244, section 5.1",
}
