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

_VOICES = ("A", ["Man", "Woman", "Child", "A robot"])
_WOMAN = ("B", _VOICES[1])
_TWICE = ("A", ["thirteen", "twenty", "thirteen", "five"])  # MMAU has such options
_DOGS = ("A", ["dog barking", "cat meowing", "dog and cat", "silence"])

# Output, the letter of the answer and the options, and the results: (official, letters). The first
# is the result of string_match of MMAU's evaluation.py; both differ for outputs of one letter only.
MMAU: list[tuple[str, tuple[str, list[str]], tuple[bool, bool]]] = [
    ("Man", _VOICES, (True, True)),
    ("It is a man.", _VOICES, (False, False)),
    ("man-made", _VOICES, (True, True)),
    ("A", _VOICES, (False, True)),
    ("E", _VOICES, (False, False)),
    ("", _VOICES, (False, False)),
    ("B.", _WOMAN, (False, True)),
    ("b", _WOMAN, (False, False)),
    ("(B) Woman", _WOMAN, (True, True)),
    ("The woman, not the man", _WOMAN, (False, False)),
    ("A robot", ("D", _VOICES[1]), (True, True)),
    ("thirteen", _TWICE, (True, True)),
    ("C", _TWICE, (False, True)),
    ("B", _TWICE, (False, False)),
    ("B", ("B", ["A", "B", "C", "D"]), (True, True)),
    ("The answer is A", ("A", ["A", "B", "C", "D"]), (True, True)),
    ("a dog is barking", _DOGS, (True, True)),
    ("dog", _DOGS, (False, False)),
    ("dog barking and cat", _DOGS, (False, False)),
    ("SILENCE!", ("D", _DOGS[1]), (True, True)),
]

# Output, answers, data set, and the result of OCRBench's example.py.
OCRBENCH: list[tuple[str, str | list[str], str, bool]] = [
    ("It says: centre.", "CENTRE", "IIIT5K", True),
    ("center", "CENTRE", "IIIT5K", False),
    ("Two\nLines here", ["one", "two lines"], "textVQA", True),
    ("y_{2}=1", ["y _ { 2 } = 1\n"], "HME100k", True),
    ("Y_{2} = 1", ["y _ { 2 } = 1\n"], "HME100k", False),
    ("y_{2}=1", ["y _ { 2 } = 1\n"], "IIIT5K", False),
    (" spaced out", " spaced ", "svt", True),
    ("anything", "", "svt", True),
    ("STRASSE", "straße", "svt", False),
]

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
    "number_accuracy[1%]": [
        ("101", "100", True),
        ("101.1", "100", False),
        ("1 km", "1005 m", True),
        ("about 72 km/h", "20 m/s", True),
        ("5 kg", "5 m", False),
        ("$1.45", ["2", "1.45 dollars"], True),
        ("3 or 4", "4", False),
        ("I tried 3. The answer is 4.", "4", True),
        ("2 million", "2,000,000", True),
        ("", "4", False),
    ],
    "number_accuracy[0.5]": [
        ("72 °F", "22 °C", True),
        ("23 °C", "22 °C", False),
        ("four", "4", True),
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

_COLOURS = {"answer": "B", "options": ["red ball", "blue", "green"]}

# For `mathvista_accuracy[rules]`: output, target, type of the answer, decimals of a float, and
# whether the output is right. The official rules read the outputs of one value; the others state
# their answer in a sentence.
MATHVISTA: list[tuple[str, object, str, int | None, bool]] = [
    ("blue", _COLOURS, "text", None, True),
    ("B", _COLOURS, "text", None, True),
    ("The answer is B.", _COLOURS, "text", None, True),
    ("It cannot be A. So the answer is (B) blue.", _COLOURS, "text", None, True),
    ("The answer is A.", _COLOURS, "text", None, False),
    ("A or B", _COLOURS, "text", None, False),
    ("no idea", _COLOURS, "text", None, False),
    ("", _COLOURS, "text", None, False),
    ("12", "12", "integer", None, True),
    ("There are 7 red and 5 blue ones. The answer is 12.", "12", "integer", None, True),
    ("The answer is 13.", "12", "integer", None, False),
    ("many", "12", "integer", None, False),
    ("3.1", "3.1", "float", 1, True),
    ("The length is 3.14 cm.", "3.1", "float", 1, True),
    ("The length is 3.19 cm.", "3.1", "float", 1, False),
    ("First [0, 2], and finally [1, 2].", "[1, 2]", "list", None, True),
    ("The list is [2, 1].", "[1, 2]", "list", None, False),
    ("one and two", "[1, 2]", "list", None, False),
]

# For `regex_match`: options, output, target, and whether the pattern finds the answer.
PATTERNS: list[tuple[dict[str, str], str, object, bool]] = [
    ({"pattern": r"Answer: (\w+)"}, "Answer: A. No, Answer: B", "b", True),
    ({"pattern": r"Answer: (\w+)", "take": "first"}, "Answer: A. Answer: B", "B", False),
    ({"pattern": r"Answer: (\w+)", "take": "only"}, "Answer: A. Answer: B", "B", False),
    ({"pattern": r"\((\w)\)|=(\w)"}, "=C", {"answer": "C", "options": ["x"] * 3}, True),
    ({"pattern": "red|blue"}, "It is blue.", ["green", "Blue"], True),
    ({"pattern": r"\S+", "compare": "exact"}, "Red", "red", False),
    ({"pattern": r"\S+", "compare": "number"}, "3.0", "3", True),
    ({"pattern": "x"}, "", "", False),
]

OURS = "golden: cases of this project's rule"
SOURCES = {
    "exact_match": "golden: cases of the rule of arXiv 1902.09506",
    "relaxed_accuracy": "golden: cases of the rule of arXiv 2203.10244, section 5.1",
}
