"""Answers to multiple-choice questions with the letter that each one names, None for none.

The expected letter is what a careful reader takes the text to say. A text that names two options,
or none, has the letter None: the parser never guesses (docs/metrics.md). Options are PETS unless a
row gives others, separated by `|`.
"""

from collections.abc import Iterator

PETS = "cat|dog|cow|pig"
PAIR = "the second image|the third image"
YES_NO = "Yes|No"
TEN = "|".join(f"thing {n}" for n in range(10))

# text, letter, why
BARE = [
    ("B", "B", "a letter alone"),
    ("b", "B", "a small letter alone"),
    ("b)", "B", "a small letter with its bracket"),
    ("(b)", "B", "a small letter in brackets"),
    ("a", "A", "no article where it stands alone"),
    ("I", None, "there is no ninth option"),
    ("Ｂ", "B", "full-width letter: NFKC gives B"),
    ("（B）", "B", "full-width brackets"),
    ("（Ｂ）", "B", "full-width letter and brackets"),
    ("【B】", "B", "lenticular brackets"),
    ("「B」", "B", "corner brackets are Japanese quotation marks"),
    ("『B』", "B", "white corner brackets"),
    ("〔B〕", "B", "tortoise shell brackets"),
    ("«B»", "B", "guillemets"),
    ("„B“", "B", "German quotation marks"),
    ("'B'", "B", "single quotation marks"),
    ('"B"', "B", "double quotation marks"),
    ("Ⓑ", "B", "circled letter: NFKC gives B"),
    ("⒝", "B", "parenthesised letter: NFKC gives (b)"),
    ("🅱", "B", "negative squared letter"),
    ("𝐁", "B", "mathematical bold letter: NFKC gives B"),
    ("B。", "B", "ideographic full stop"),
    ("B．", "B", "full-width full stop"),
    ("\u200bB\u200b", "B", "zero-width spaces"),
    ("\ufeffB", "B", "a byte order mark"),
    ("B\u00a0", "B", "a no-break space"),
    ("{B}", "B", "braces"),
    ("②", None, "a number is not the letter of an option"),
    ("2", None, "nor is a digit"),
    ("Б", None, "a Cyrillic letter that looks like no Latin one"),
    ("В", None, "looks like B, is the third letter of its alphabet: ambiguous"),
    ("А", "A", "Cyrillic A: looks like A and is the first letter"),
    ("E", None, "no such option"),
    ("AB", None, "two letters"),
    ("A B", None, "two letters"),
    ("", None, "nothing"),
    ("?", None, "nothing"),
    ("...", None, "nothing"),
]  # fmt: skip

MARKUP = [
    ("**B**", "B", "Markdown bold"),
    ("__B__", "B", "Markdown bold by underscores"),
    ("*B*", "B", "Markdown italic"),
    ("`B`", "B", "Markdown code"),
    ("```\nB\n```", "B", "Markdown code block"),
    ("# B", "B", "Markdown heading"),
    ("### Answer\nB", "B", "a heading and a letter below it"),
    ("**Answer:** B", "B", "bold label"),
    ("**Answer: B**", "B", "bold statement"),
    ("**Answer**: **B**", "B", "bold label and bold letter"),
    ("- B", "B", "a bullet"),
    ("* B", "B", "a bullet"),
    ("• B", "B", "a bullet"),
    ("> B", "B", "a quotation mark of mail"),
    ("> **B**", "B", "the same with Markdown"),
    ("1. B", "B", "a numbered list of one"),
    ("- B. dog", "B", "a bullet, letter and text"),
    ("→ B", "B", "an arrow"),
    ("$B$", "B", "LaTeX math"),
    ("$$B$$", "B", "LaTeX display math"),
    (r"\(B\)", "B", "LaTeX inline math"),
    (r"\[B\]", "B", "LaTeX display math"),
    (r"\text{B}", "B", "LaTeX text"),
    (r"\mathbf{B}", "B", "LaTeX bold"),
    (r"$\textbf{(B)}$", "B", "LaTeX bold with brackets"),
    (r"\boxed{B}", "B", "a box"),
    (r"$\boxed{\text{B}}$", "B", "a box with LaTeX text"),
    (r"\boxed{\mathrm{(B)}}", "B", "a box with brackets"),
    (r"\boxed{B. \text{dog}}", "B", "a box with letter and text"),
    (r"\boxed{dog}", "B", "a box with the option's text"),
    (r"\boxed{\textbf{Answer: B}}", "B", "a box with a statement"),
    (r"\fbox{B}", "B", "another kind of box"),
    (r"A looks right. $\boxed{B}$", "B", "a box goes before all else"),
    (r"\boxed{A} or \boxed{B}", None, "two boxes"),
    (r"\boxed{A, B}", None, "two letters in a box"),
    ("Energy is \\boxed{E=mc^2}.\n**Answer: B**", "B", "a box with a formula is no option"),
    (r"\boxed{42} so the answer is B", "B", "nor is a box with a number"),
    (r"\boxed{B", None, "a box that is not closed is cut off: nothing is stated"),
    ("<answer>B</answer>", "B", "an answer element"),
    ("A or B? <answer>B</answer>", "B", "goes before all else"),
    ("<answer>A</answer><answer>B</answer>", None, "two answer elements"),
    ("<b>B</b>", "B", "an HTML element"),
    ("<p>The answer is <strong>B</strong>.</p>", "B", "HTML elements"),
    ("B<br>", "B", "a line break"),
    ("<B>", "B", "angle brackets"),
    ("<s> B", "B", "the token of a beginning"),
    ("<s>B</s>", "B", "tokens on both sides"),
    ("B</s>", "B", "the token of an end"),
    ("B<|im_end|>", "B", "ChatML"),
    ("<|im_start|>assistant\nB<|im_end|>", "B", "ChatML with its role"),
    ("<|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>", "B", "Llama 3"),
    ("B<|endoftext|>", "B", "GPT-2"),
    ("B<end_of_turn>", "B", "Gemma"),
    ("[INST] [/INST] B", "B", "Llama 2"),
    ("<pad><pad> B", "B", "padding"),
    ("<｜end▁of▁sentence｜>B", "B", "DeepSeek"),
    ("ASSISTANT: B", "B", "a role"),
    ("{'answer': 'B'}", "B", "a Python dict"),
    ('{"answer": "B"}', "B", "a JSON object"),
    ('```json\n{"answer": "B"}\n```', "B", "a JSON object in a code block"),
    ('{"answer": "B", "reason": "A is a cat"}', "B", "with a reason"),
    ('{"reason": "A is a cat", "answer": "B"}', "B", "after a reason"),
    ("{'choice': 'B'}", "B", "another key"),
    ('{"final_answer": "(B)"}', "B", "a key with an underscore"),
    ('{"answer": "dog"}', "B", "the option's text"),
    ('{"answer": ["A", "B"]}', None, "two letters"),
    ('{"A": "cat", "B": "dog"}', None, "the options themselves"),
    ('["B"]', "B", "a list of one"),
]  # fmt: skip

STATED = [
    ("Answer: B", "B", "label and letter"),
    ("Answer:B", "B", "without a space"),
    ("ANSWER: B", "B", "in capitals"),
    ("Ans: B", "B", "abbreviated"),
    ("Ans. B", "B", "abbreviated with a period"),
    ("Answer - B", "B", "a dash"),
    ("Answer = B", "B", "an equals sign"),
    ("Answer → B", "B", "an arrow"),
    ("Answer：Ｂ", "B", "full-width colon and letter"),
    ("Answer B", "B", "no link at all"),
    ("answer: b", "B", "a small letter at the end"),
    ("Answer:\n\nB", "B", "over an empty line"),
    ("Answer:\nB. dog", "B", "over a line break, with the text"),
    ("The correct option is:\nB", "B", "a lead-in that ends in a line break"),
    ("The best option:\n(B) dog", "B", "the same with brackets and text"),
    ("Final answer: B", "B", "final"),
    ("The answer is B", "B", "a sentence"),
    ("The answer is (B).", "B", "in brackets"),
    ("The answer is [B].", "B", "in square brackets"),
    ("The answer is: B", "B", "with a colon"),
    ("The answer is option B.", "B", "with a filler"),
    ("The correct answer is most likely B", "B", "with an adverb"),
    ("The answer would be B.", "B", "would be"),
    ("The answer to the question is B.", "B", "with a phrase"),
    ("The correct answer that follows the pattern is:\n\n(B) dog", "B", "with a clause"),
    ("So the answer is B because it barks.", "B", "with a reason"),
    ("The answer is B, as dogs bark.", "B", "with a reason"),
    ("The answer is B. dog", "B", "with the text"),
    ("The answer is dog.", "B", "the text alone"),
    ("The answer is a dog.", "B", "the text with an article"),
    ("The answer is a dog, since cats do not bark and a cow is big", "B", "a text is stated"),
    ("I choose B", "B", "a verb"),
    ("I would go with (B).", "B", "a verb"),
    ("My guess is B.", "B", "a guess of the model is its answer"),
    ("B is correct.", "B", "praise"),
    ("(B) is the correct answer.", "B", "praise"),
    ("B is the right answer", "B", "praise"),
    ("Option B is correct.", "B", "praise"),
    ("Therefore, B is the best choice.", "B", "praise"),
    ("A is a cat. Therefore it must be B.", "B", "a sentence that concludes"),
    ("Option B", "B", "a label"),
    ("Option b", "B", "a label and a small letter"),
    ("Thus: B", "B", "a conclusion"),
    ("Definitely B", "B", "an adverb"),
    ("Sure! B", "B", "a last sentence that is a letter"),
    ("The answer is as follows: B", "B", "a filler"),
    ("Answer: B (not A)", "B", "A is denied"),
    ("Answer: A or B? Wait, I see. The answer is B.", None, "two, then one: they disagree"),
    ("Let me see. Wait, A is wrong. The answer is B.", "B", "A is denied"),
    ("I think it is B", "B", "a capital after is"),
    ("B. dog", "B", "a letter in front"),
    ("B.dog", "B", "without a space"),
    ("(B)dog", "B", "without a space"),
    ("B) dog", "B", "a bracket"),
    ("B: dog", "B", "a colon"),
    ("B - dog", "B", "a dash"),
    ("B, dog", "B", "a comma"),
    ("B because it barks.", "B", "an explanation"),
    ("B. It barks at A.", "B", "an explanation that mentions another letter"),
    ("dog (B)", "B", "text and letter"),
    ("A. cat: no.\nB. dog: yes.\nAnswer: B", "B", "a statement after a list"),
    (
        "Let me analyze each option:\nA. cat - no.\nB. dog - yes.\nC. cow - no.\n\n"
        "Therefore, the correct answer is B. dog.",
        "B",
        "`each option:` leads to a list, not to an answer",
    ),
    ("Options:\nA. cat\nB. dog\nC. cow\nD. pig\n\nAnswer: B", "B", "the question repeated"),
    ("A. cat\nB. dog\nC. cow\nD. pig\n\nB. dog", "B", "a list, then one of its lines again"),
    ("It could be A.\n\nFinal answer: B", "B", "a final statement overrides"),
    ("The answer is A at first sight.\n\nAnswer: B", "B", "a line of its own overrides a sentence"),
    ("A is not it, so the answer is B", "B", "a clause ends at `so`"),
    ("I don't know exactly, but the answer is B.", "B", "a clause ends at `but`"),
    ("No doubt about it: the answer is B", "B", "`no` is not said of the letter"),
    ("not A but B", "B", "A is denied, B is named"),
    ("[Answer] B", "B", "a label in brackets"),
    ("=> B", "B", "an arrow"),
    ("Only B fits.", "B", "the only one"),
    ("That leaves B", "B", "the one that is left"),
    ("option b is correct", "B", "a small letter after `option`"),
    ("While A is plausible, B is more accurate.", "B", "a clause ends at the comma"),
    ("A. cat - Incorrect\nB. dog - Correct\nC. cow - Incorrect", "B", "verdicts in a list"),
    ("A. cat ❌\nB. dog ✅\nC. cow ❌", "B", "verdicts by marks"),
    ("Option A does not match. Option B matches.", "B", "A is denied later in its clause"),
    ("B, because A does not bark.", "B", "a reason does not deny B"),
    ("The answer is B because it does not meow", "B", "a reason does not deny B"),
    ("It is not A, it is B.", "B", "A is denied, B is named"),
    ("The answer is B, not A.", "B", "A is denied, B is named"),
    ("Option A is wrong. The answer is B.", "B", "A is denied, B is named"),
    ("Both A and C are wrong, so B is correct", "B", "two are denied"),
]  # fmt: skip

NOTHING = [
    ("I do not know", "no option"),
    ("I don't know.", "no option"),
    ("I think so.", "I is a pronoun"),
    ("A bird is in the picture.", "A is an article"),
    ("A quick look shows nothing.", "A is an article"),
    ("As an AI, I cannot see the image.", "no option"),
    ("I'm sorry, I can't help with that.", "no option"),
    ("The answer is not B.", "negated"),
    ("B does not match the image.", "denied later in its clause"),
    ("B would not be correct", "denied later in its clause"),
    ("B is far from correct", "denied"),
    ("A 4 year old boy plays.", "A is an article before a number of things"),
    ("A 3-story building", "A is an article before a number of things"),
    ("The answer isn't B.", "negated"),
    ("The answer is definitely not B", "negated"),
    ("I don't think the answer is B.", "negated before the lead-in"),
    ("I do not believe that B is correct.", "negated before the letter"),
    ("It cannot be B.", "negated"),
    ("not B", "negated"),
    ("Not (B).", "negated"),
    ("B is incorrect.", "called wrong"),
    ("B is wrong", "called wrong"),
    ("(B) is not the answer.", "called wrong"),
    ("B isn't right.", "called wrong"),
    ("Answer: B is incorrect.", "called wrong"),
    ("Option B can be ruled out.", "called wrong"),
    ("B ✗", "called wrong"),
    ("The incorrect answer is B.", "a wrong answer is not the answer"),
    ("Eliminate B.", "eliminated"),
    ("We can rule out B", "eliminated"),
    ("Anything but B", "excluded"),
    ("neither A nor B", "both negated"),
    ("A or B", "two"),
    ("A and B", "two"),
    ("A, B", "two"),
    ("A/B", "two"),
    ("A & B", "two"),
    ("either A or B", "two"),
    ("Both A and B are correct.", "two"),
    ("The answer is A or B.", "two"),
    ("The answer is A and B", "two"),
    ("Answer: A, B", "two"),
    ("Answer: A/B", "two"),
    ("The answer could be A, B, C, or D.", "four"),
    ("Option C is wrong, so A or D", "two are left"),
    ("Option A is correct, and option B is correct.", "two"),
    ("The answer is A. No, the answer is B.", "two statements that disagree"),
    ("Answer: A\nAnswer: B", "two statements that disagree"),
    ("A\n\nB", "two lines that disagree"),
    ("A. cat\nB. dog", "a list"),
    ("A. cat\nB. dog\nC. cow\nD. pig", "a list"),
    ("(A) cat (B) dog (C) cow (D) pig", "a list"),
    ("The answer is:\n(A) cat\n(B) dog\n(C) cow\n(D) pig", "a list after a lead-in"),
    ("B. cat", "the letter of one option, the text of another"),
    ("The answer is B. cat", "the letter of one option, the text of another"),
    ("(B) cat", "the letter of one option, the text of another"),
    ("cat (B)", "the letter of one option, the text of another"),
    ("cat or dog", "two texts"),
    ("Is the answer B?", "a question"),
    ("B?", "a question"),
    ("If the answer is B, the animal barks.", "a condition"),
    ("Suppose B is correct.", "a condition"),
    ("Whether B is correct is unclear.", "a condition"),
    ("Vitamin B", "no option"),
    ("Plan B failed", "no option"),
    ("e.g. the dog here", "e.g. is no letter, but the dog is named", "B"),
    ("U.S.A.", "an abbreviation"),
    ("A.I. models", "an abbreviation"),
    ("B-12", "part of a word"),
    ("B2B", "part of a word"),
    ("Answer: B2", "part of a word"),
    ("C++", "a name"),
    ("E = mc^2", "a formula"),
    ("B. F. Skinner", "initials"),
    ("A vs. B", "two"),
    ("B is the worst answer", "called wrong"),
    ("The worst option is B.", "the worst is not the answer"),
    ("Everything except B is correct", "excluded"),
    ("The answer is A, no, B", "taken back"),
    ("Answer: A. Wait, B.", "taken back"),
    ("Blood type B", "no option"),
    ("Let A be a set.", "A is not called an option"),
    ("None of A, B, C or D", "four"),
    ("A: 50%, B: 50%", "two"),
    ('{"A": 0.4, "B": 0.6}', "two"),
    ("Some say A, others say B", "two"),
    ("The correct answer is not listed.", "none"),
    ("Answer: Both", "a word"),
    ("Answer:", "nothing after it"),
    ("The answer is", "nothing after it"),
    ("Answer: None of the above", "no option"),
    ("Answer: B. Wait, actually it is C.", "taken back"),
    ("It is a dog. Or a cat.", "two texts"),
    ("It is not a dog.", "a text is negated"),
    ("There is no dog.", "a text is negated"),
    ("A dog is not what I see", "a text is called wrong"),
]  # fmt: skip

# language: texts that name B, texts that name nothing, separated by " ; "
LANGUAGES = {
    "Chinese": (
        "答案是B ; 答案：B ; 答案: B ; 答案為B ; 答案为B。 ; 故选B。 ; 故選B ; 选B ; 選擇B"
        " ; 选择 B ; 应选B ; 正确答案为 B ; 正确答案是：B ; 答案：（B） ; 答案【B】 ; 答：B"
        " ; 选项B ; B选项 ; B是正确的 ; 因此，答案是B。 ; 所以正确选项是B ; 本题选B"
        " ; 最终答案：B ; 答案是B. dog ; 答案：dog ; A不对，所以选B"
        " ; 【答案】B ; 正确的是B ; 符合题意的是B ; 我觉得是B",
        "答案不是B ; 不选B ; B不正确 ; B是错误的 ; A或B ; 答案是A和B ; A、B ; 我不知道"
        " ; B并不正确 ; B选项的说法不正确 ; C语言 ; A股上涨",
    ),
    "Japanese": (
        "答え：B ; 答え: B ; 答えはB ; 答えはBです。 ; 正解はBです。 ; 正解: B"
        " ; 正解は（B）です。 ; 回答：B ; Bです ; Bです。 ; Bが正解です。 ; Bが正しいです"
        " ; 選択肢B ; 正しいのはBです。 ; したがって、答えはBです。 ; 「B」 ; Bを選びます"
        " ; 【答え】B",
        "Bではありません ; 答えはBではない ; Bは間違いです ; AまたはB ; AとB ; わかりません"
        " ; Bは正解ではありません ; Bは正しくない ; Bが正解ではない",
    ),
    "Korean": (
        "답: B ; 답은 B ; 답은 B입니다. ; 정답: B ; 정답은 B입니다. ; 정답은 (B)입니다."
        " ; B입니다 ; B입니다. ; B번 ; 정답: B번 ; 정답은 B번입니다. ; B가 정답입니다."
        " ; 따라서 정답은 B입니다.",
        "정답은 B가 아닙니다. ; B는 틀렸습니다 ; A 또는 B ; A와 B ; 모르겠습니다"
        " ; B는 정답이 아닙니다. ; B는 올바르지 않습니다",
    ),
    "German": (
        "Antwort: B ; Antwort B ; Die Antwort ist B. ; Die richtige Antwort ist B."
        " ; Die korrekte Antwort lautet B. ; Die richtige Antwort lautet: B ; Richtig ist B."
        " ; Lösung: B ; Ich wähle B. ; B ist richtig. ; Die Antwort ist Option B ; Option B"
        " ; Antwort: (b) ; Daher ist die Antwort B."
        " ; Es ist B. ; Das richtige Ergebnis ist B.",
        "Die Antwort ist nicht B. ; B ist falsch. ; A oder B ; weder A noch B"
        " ; Ich weiß es nicht ; B ist nicht richtig"
        " ; B stimmt nicht ; B passt nicht. ; Ich glaube nicht, dass B richtig ist",
    ),
    "French": (
        "Réponse : B ; Réponse: B ; La réponse est B. ; La bonne réponse est B"
        " ; La bonne réponse est la B. ; La réponse correcte est B."
        " ; La réponse correcte est : B ; Je choisis B. ; B est correcte."
        " ; Donc la réponse est B. ; Le bon choix est B ; La réponse est l'option B."
        " ; C'est B.",
        "La réponse n'est pas B. ; B est incorrecte. ; A ou B ; ni A ni B ; Je ne sais pas"
        " ; A été choisi"
        " ; B ne convient pas.",
    ),
    "Spanish": (
        "Respuesta: B ; La respuesta es B ; La respuesta correcta es B."
        " ; La respuesta correcta es la B. ; La opción correcta es B"
        " ; La opción correcta es la B. ; Respuesta correcta: B ; Elijo B ; B es correcta."
        " ; Por lo tanto, la respuesta es B. ; Opción B"
        " ; Es la B. ; Creo que es B",
        "La respuesta no es B. ; B es incorrecta ; A o B ; A y B ; ni A ni B ; No lo sé"
        " ; A mí no me consta",
    ),
    "Portuguese": (
        "Resposta: B ; A resposta é B. ; A resposta correta é B. ; A resposta correta é a B"
        " ; A alternativa correta é B. ; A alternativa correta é a letra B ; Letra B"
        " ; Gabarito: B ; B está correta ; Alternativa B ; Portanto, a resposta é B.",
        "A resposta não é B. ; B está errada ; A ou B ; nem A nem B ; Não sei"
        " ; A imagem mostra um animal",
    ),
    "Italian": (
        "Risposta: B ; La risposta è B. ; La risposta corretta è B"
        " ; La risposta corretta è la B. ; L'opzione corretta è B ; Scelgo B ; B è corretta."
        " ; È la B",
        "La risposta non è B ; B è sbagliata ; A o B ; Non lo so",
    ),
    "Dutch": (
        "Antwoord: B ; Het antwoord is B. ; Het juiste antwoord is B ; Ik kies B ; B is juist",
        "Het antwoord is niet B ; B is fout ; A of B"
        " ; B klopt niet",
    ),
    "Russian": (
        "Ответ: B ; Ответ - B ; Ответ — B. ; Правильный ответ: B ; Правильный ответ — B."
        " ; Правильный ответ B ; Верный ответ: B ; Вариант B ; Я выбираю B"
        " ; B - правильный ответ ; Следовательно, ответ: B"
        " ; Это B",
        "Ответ не B ; B неверно ; A или B ; ни A, ни B ; Не знаю ; Ответ: Б ; Ответ: В",
    ),
    "Arabic": (
        "الإجابة: B ; الجواب: B ; الإجابة الصحيحة هي B ; الإجابة هي (B)",
        "A أو B",
    ),
    "Hindi": (
        "उत्तर: B ; सही उत्तर B है ; सही उत्तर है: B ; उत्तर B है।"
        " ; सही विकल्प B है।",
        "A या B"
        " ; B सही नहीं है",
    ),
    "Turkish": (
        "Cevap: B ; Doğru cevap B ; Doğru cevap: B ; Doğru cevap B'dir. ; Yanıt: B",
        "Cevap B değil ; A veya B"
        " ; B doğru değildir",
    ),
    "Polish": (
        "Odpowiedź: B ; Poprawna odpowiedź to: B"
        " ; Prawidłowa odpowiedź to B. ; Poprawną odpowiedzią jest B.",
        "A lub B",
    ),
    "Vietnamese": (
        "Đáp án: B ; Đáp án đúng là B ; Chọn B"
        " ; Đáp án chính xác là B",
        "A hoặc B",
    ),
    "Indonesian": (
        "Jawaban: B ; Jawabannya adalah B ; Jawaban yang benar adalah B",
        "A atau B",
    ),
    "Thai": (
        "คำตอบ: B ; คำตอบคือ B",
        "",
    ),
    "Bengali": (
        "উত্তর: B ; সঠিক উত্তর: B",
        "",
    ),
    "Ukrainian": (
        "Відповідь: B ; Правильна відповідь: B",
        "",
    ),
    "Greek": (
        "Απάντηση: B ; Η σωστή απάντηση είναι B",
        "",
    ),
    "Hebrew": (
        "תשובה: B ; התשובה הנכונה היא B",
        "",
    ),
    "Persian": (
        "پاسخ: B",
        "",
    ),
    "Czech": (
        "Odpověď: B",
        "",
    ),
    "Swedish": (
        "Svar: B ; Rätt svar är B",
        "",
    ),
    "Swahili": (
        "Jibu: B",
        "",
    ),
    "Romanian": (
        "Răspuns: B ; Răspunsul corect este B",
        "",
    ),
}  # fmt: skip

# text, options, letter, why
OTHER_OPTIONS = [
    ("Compare (A) and (B).\n\n(B) the third image", PAIR, "B", "a last line of letter and text"),
    ("Look at (A).\n(B) the third image", PAIR, "B", "a last line of letter and text"),
    ("(A) is too dark.\n(B) the third image", PAIR, "B", "a line about A is not a list"),
    ("So, the answer is:\n**(A) the second image**", PAIR, "A", "letter and text agree"),
    ("The third image (C) fits.", PAIR, None, "the text of B with the letter of no option"),
    ("Yes", YES_NO, "A", "a text"),
    ("No.", YES_NO, "B", "a text"),
    ("NO", YES_NO, "B", "a text"),
    ("No, there is no dog.", YES_NO, "B", "an answer, then its reason"),
    ("Yes, no doubt.", YES_NO, "A", "`no doubt` is not the option No"),
    ("Yes, there is no other way to see it.", YES_NO, "A", "`no other` is not the option No"),
    ("There is no dog", YES_NO, None, "`no` is a word of the sentence, not the option"),
    ("There is no dog.", "No|Yes", None, "whatever the order"),
    ("I have no idea.", YES_NO, None, "`no` is a word of the sentence"),
    ("It is not there.", "yes|no|not sure", None, "`not` is not `not sure`"),
    ("The answer is no.", YES_NO, "B", "a text is stated"),
    ("The answer is no longer visible.", YES_NO, None, "`no longer` is not No"),
    ("I would say no.", YES_NO, "B", "a stated word"),
    ("I think yes", YES_NO, "A", "a stated word"),
    ("Definitely yes", YES_NO, "A", "a stated word"),
    ("yes it is", YES_NO, "A", "a word that opens the sentence"),
    ("No there is not", YES_NO, "B", "a word that opens the sentence"),
    ("Based on the image, no, there is none.", YES_NO, "B", "after its source"),
    ("not really", YES_NO, None, "`not` is not No"),
    ("No no no", YES_NO, None, "not an answer and its reason"),
    ("It is on the left, not on the right.", "left|right", "A", "`on the right` is negated"),
    ("A and C", "x|y|z|A and C", "D", "a text that begins with a letter"),
    ("The answer is A and C", "x|y|z|A and C", "D", "a text that begins with a letter"),
    ("5 cm", "5 m|5 cm|50 m", "B", "the unit counts"),
    ("1,5", "15|1,5", "B", "a comma between digits is kept"),
    ("15", "1.5|15", "B", "numbers are whole"),
    ("5", ">5|<5", None, "a comparison is more than its number"),
    ("<5", ">5|<5", "B", "a comparison"),
    ("x = -6", "6|-6", "B", "the value of an equation"),
    ("x=-6", "6|-6", "B", "the value of an equation, without spaces"),
    ("minus 6", "6|-6", "B", "a sign in words"),
    ("– 6", "6|-6", "B", "a dash before a number is a sign where an option is negative"),
    ("-$6", "$6|-$6", "B", "a sign before a currency"),
    ("10 – 20", "10-20|20-30", "A", "a dash between numbers is none"),
    ("10³", "103|10³", "B", "raised digits are a power"),
    ("103", "10³|103", "B", "raised digits are a power"),
    ("5 m²", "5 m2|5 m²|5 m³", "B", "raised digits are a power"),
    ("Answer: Yes", YES_NO, "A", "a text is stated"),
    ("Yes and no", YES_NO, None, "two"),
    ("Yes or no?", YES_NO, None, "two"),
    ("Yes. No.", YES_NO, None, "two"),
    ("Keine Ahnung, nein.", "ja|nein", None, "the word does not open the sentence"),
    ("Nein, da ist kein Hund.", "ja|nein", "B", "an answer, then its reason"),
    ("None of them barks", "None|Two", None, "`none` is a word of the sentence"),
    ("All of the animals bark", "All|Two", None, "`all` is a word of the sentence"),
    ("hot dog", "dog|hot dog", "B", "the longer text"),
    ("I see a hot dog", "dog|hot dog", "B", "the longer text, in a sentence"),
    ("The answer is dog", "dog|hot dog", "A", "the shorter text"),
    ("1,000", "1000|2000", "A", "separators of thousands do not count"),
    ("1000", "1,000|2,000", "A", "in either direction"),
    ("There are 1,000 birds.", "1000|2000", "A", "in a sentence"),
    ("6", "$5|$6", "B", "a currency does not count where it keeps no options apart"),
    ("$6", "5|6", "B", "in either direction"),
    ("It costs $6.", "5|6", "B", "in a sentence"),
    ("The answer is $6.00", "5|6", "B", "final zeros do not count"),
    ("6.0", "5|6", "B", "final zeros do not count"),
    ("€6", "$5|$6", "B", "the number names the option"),
    ("50%", "50|60", "A", "a percent sign is punctuation"),
    ("-5", "5|-5", "B", "the sign counts"),
    ("5", "5|-5", "A", "the sign counts"),
    ("5", "5|$5", "A", "symbols count where they keep options apart"),
    ("$5", "5|$5", "B", "symbols count where they keep options apart"),
    ("1,000", "1|000", None, "one number, not two"),
    ("3.5", "3|5|3.5", "C", "numbers are whole"),
    ("A", "E|B|C|A", "A", "a letter is that of a position, as in the official code of MMMU"),
    ("D", "E|B|C|A", "D", "a letter is that of a position"),
    ("E", "E|B|C|A", None, "the text of A, but no position"),
    ("The answer is D", "E|B|C|A", "D", "a letter is that of a position"),
    ("D. A", "E|B|C|A", "D", "letter and text agree"),
    ("Answer: A. E", "E|B|C|A", "A", "letter and text agree"),
    ("A", "A|B", "A", "position and text agree"),
    ("Point B", "Point A|Point B", "B", "a text that ends in a letter"),
    ("It is Point B, clearly.", "Point A|Point B", "B", "in a sentence"),
    ("A is closer. Point A is in front of point B.", "A is closer|B is closer", "A", "a sentence"),
    ("Which of A or B, is closer, is unclear.", "A is closer|B is closer", None, "a comma between"),
    ("red, blue", "red, blue|red, green", "A", "an option with a comma"),
    ("I see red, blue and more", "red, blue|red, green", "A", "an option with a comma, mentioned"),
    ("Vitamin A", "vitamin C|vitamin B|vitamin A", "C", "a text that ends in a letter"),
    ("B. dog", "A. cat|B. dog", "B", "options that begin with their letters"),
    ("dog", "A. cat|B. dog", "B", "options that begin with their letters"),
    ("(B) dog", "(A) cat|(B) dog", "B", "options that begin with their letters"),
    ("dog", "dog|dog", None, "a text of two options"),
    ("B", "dog|dog", "B", "a letter of one"),
    ("I. thing 8", TEN, "I", "the letter I with a mark"),
    ("The answer is I.", TEN, "I", "the letter I"),
    ("I think it is thing 3", TEN, "D", "a pronoun and a text"),
    ("Answer: J", TEN, "J", "the tenth option"),
    ("E.g. thing 3", TEN, "D", "an abbreviation and a text"),
    ("The camera moves to the right (option B).", "left|right", "B", "letter and text agree"),
    ("I cannot tell the right answer", "left|right", None, "`right answer` is not a direction"),
    ("I. Project A: 11%", "x|y|z|w|v|u|t|s|Project A: 11%", "I", "letters in the own text"),
    ("狗", "猫|狗", "B", "a text in Chinese"),
    ("答案是狗", "猫|狗", "B", "a stated text in Chinese"),
    ("犬です", "猫|犬", None, "words are not cut out of a script without spaces"),
]  # fmt: skip


def split(texts: str) -> list[str]:
    """Return the texts in one entry of LANGUAGES."""
    return texts.split(" ; ") if texts else []


def rows() -> Iterator[tuple[str, str, str | None, str]]:
    """Yield all rows as (text, options, letter, why)."""
    for text, letter, why in [*BARE, *MARKUP, *STATED]:
        yield text, PETS, letter, why
    for text, why, *letter in NOTHING:
        yield text, PETS, letter[0] if letter else None, why
    for language, (named, unnamed) in LANGUAGES.items():
        yield from ((text, PETS, "B", language) for text in split(named))
        yield from ((text, PETS, None, language) for text in split(unnamed))
    yield from OTHER_OPTIONS
