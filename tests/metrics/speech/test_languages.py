import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.metrics.speech import cer, wer
from mmbench.metrics.speech.languages import cjk, multilingual
from mmbench.metrics.speech.spacing import headline_of, is_unspaced
from tests.support.predictions import predict

TEXT = st.text(
    st.one_of(
        st.sampled_from(
            "aé İıßΣ猫が。、「」ー・กำ้ि्ंश्َ◌́҂[](){}<>´½²…—'’\u200b\u200c\u200d\ufe0f❤1️⃣\n\t_"
        ),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=30,
)


def open_asr(text: str) -> str:
    """Normalise as `BasicMultilingualTextNormalizer(remove_diacritics=False)` does.

    Written from normalizer/normalizer.py of huggingface/open_asr_leaderboard, commit d1e99b2.
    """
    text = re.sub(r"[<\[][^>\]]*[>\]]", "", text.lower())
    text = unicodedata.normalize("NFKC", re.sub(r"\(([^)]+?)\)", "", text))
    text = "".join(" " if unicodedata.category(c)[0] in "MSP" else c for c in text).lower()
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s]", "", text)).strip()


@given(TEXT)
def test_multilingual_differs_from_open_asr_only_in_marks(text):
    kept = multilingual(text)
    lower = unicodedata.normalize("NFKC", text.lower()).lower()
    if not any(unicodedata.category(c)[0] == "M" for c in lower):
        assert kept == open_asr(text)
    letters = [c for c in kept if unicodedata.category(c)[0] not in "M"]
    if "i\u0307" not in lower:
        others = [c for c in open_asr(text) if c != " "]
        assert [c for c in letters if c != " "] == others


# Texts of the languages, and what is left of them; İ: Unicode's SpecialCasing.txt.
@pytest.mark.parametrize(
    "text, normalised",
    [
        ("हिन्दी में पढ़ना, ठीक है।", "हिन्दी में पढ़ना ठीक है"),  # Devanagari
        ("தமிழ் மொழி!", "தமிழ் மொழி"),  # Tamil
        ("สวัสดี ที่นี่ ๑๒", "สวัสดี ที่นี่ ๑๒"),  # Thai
        ("ភាសាខ្មែរ។", "ភាសាខ្មែរ"),  # Khmer
        ("السَّلامُ عَلَيْكُمْ؟", "السَّلامُ عَلَيْكُمْ"),  # Arabic with diacritics
        ("شָלום: שָׁלוֹם", "شָלום שָׁלוֹם"),  # Hebrew points
        ("Tiếng Việt – ĐƯỜNG", "tiếng việt đường"),
        ("İstanbul'da ÇOK güzel", "istanbul da çok güzel"),
        ("a\u030a [noise] (laughs) <unk> b", "å b"),
        ("é´s 1️⃣ ❤️ b´", "é s 1 b"),  # accents and emoji alone
        ("می\u200cخواهم soft\u00adhyphen", "میخواهم softhyphen"),
        ("ＡＢＣ　ｶﾞ ﬁ", "abc ガ fi"),
        ("l'été_2, 3.5 €", "l été 2 3 5"),
        ("[a (b <c", "a b c"),
    ],
)
def test_multilingual_keeps_letters_with_their_marks(text, normalised):
    assert multilingual(text) == normalised
    assert wer(predict((normalised, text)), "multilingual").value == 0


@pytest.mark.parametrize(
    "text, normalised",
    [
        ("今日は、いい天気ですね。", "今日はいい天気ですね"),
        ("東京 タワー・ｶﾞｲﾄﾞ ～（ＡＢＣ）", "東京タワーガイドABC"),
        ("“你好”，我有３００元……￥5！", "你好我有300元5"),
        ("ที่นี่ สวย ๆ", "ที่นี่สวยๆ"),
        ("ខ្ញុំ\u200bស្រឡាញ់ អ្នក។", "ខ្ញុំស្រឡាញ់អ្នក"),
        ("葛\U000e0100飾区", "葛飾区"),  # a variation selector
    ],
)
def test_cjk_keeps_neither_spaces_nor_punctuation(text, normalised):
    assert cjk(text) == normalised
    assert cer(predict((normalised, text)), "cjk").value == 0


@given(TEXT)
def test_cjk_by_its_definition(text):
    plain = unicodedata.normalize("NFKC", text)
    letters = [c for c in plain if unicodedata.category(c)[0] in "LN"]
    assert [c for c in cjk(text) if unicodedata.category(c)[0] != "M"] == letters


def test_rates_of_japanese_by_hand():
    predictions = predict(("東京たわーに 行った", "東京タワーに行った。"))  # たわ for タワ
    assert cer(predictions, "cjk").value == 2 / 9
    assert cer(predictions, "none").value == 4 / 10
    scored = wer(predictions, "none")
    assert scored.value == 2
    assert scored.reason == "1 reference in a script without spaces; use the headline cer[cjk]"


def test_note_on_a_few_references_without_spaces():
    scored = wer(predict(("a", "a"), ("b", "b"), ("猫", "猫")), "none")
    assert scored.reason == (
        "1 reference in a script without spaces, for which cer[cjk] is the better measure"
    )


@pytest.mark.parametrize(
    "text", ["猫が好き", "ภาษาไทย", "ខ្មែរ", "မြန်မာ", "ລາວ", "བོད་སྐད", "iPhone中文字符很多"]
)
def test_scripts_without_spaces(text):
    assert is_unspaced(text)


@pytest.mark.parametrize("text", ["", "12", "a cat", "한국어 문장", "हिन्दी", "the word 猫", "Việt"])
def test_scripts_with_spaces(text):
    assert not is_unspaced(text)


def test_headline_of_a_task():
    metrics = ["wer[none]", "cer[cjk]"]
    assert headline_of("wer[none]", metrics, ["猫が好き", "a cat"]) == "cer[cjk]"
    assert headline_of("wer[none]", metrics, ["猫が好き", "a cat", "a dog"]) == "wer[none]"
    assert headline_of("wer[none]", ["wer[none]"], ["猫が好き"]) == "wer[none]"
    assert headline_of("wer[none]", metrics, []) == "wer[none]"


@pytest.mark.parametrize("opening", ["<", "[", "(", "<[", "[a", "((a)", "(("])
def test_many_brackets_take_linear_time(opening):
    assert len(multilingual(opening * 50_000 + "b")) <= 100_001
