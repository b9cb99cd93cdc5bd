"""Words that surround the letter of an option, by language.

A sentence such as "The correct answer is B" consists of a noun ("answer"), words around it
("correct"), a link ("is") and the letter. The table holds these words, and
`mmbench.metrics.answers.choice.patterns` builds its patterns from it. Words are separated by `|`
and match as whole words in scripts that put spaces between words. Case is ignored.
"""

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    """Words of one language.

    `answer` words lead to a letter directly ("answer B", "I choose B"). `option` words need a link
    ("option: B", "correct: B"). `fills` are words that may stand between one of these words and the
    letter or the verdict. `right` and `wrong` judge the letter before them ("B is correct", "B is
    not"). `denials` negate the statement later in its clause ("B is right not", the word order of
    German). `negations` before a letter in the same clause negate the letter. `joins` connect two
    letters ("A or B"). `therefore` opens a conclusion. `final` marks the final answer. `endings`
    are verbs and particles directly after a letter.
    """

    answer: str
    links: str = ""
    option: str = ""
    fills: str = ""
    right: str = ""
    wrong: str = ""
    denials: str = ""
    negations: str = ""
    joins: str = ""
    therefore: str = ""
    final: str = ""
    endings: str = ""


# fmt: off
LANGUAGES = {
    "English": Language(
        answer="answer|answer choice|ans|ans.|choose|pick|select|chose|picked|selected|go with"
        "|going with|opt for|opting for|vote for|my guess|best guess",
        links="is|was|are|be|would be|should be|must be|has to be|will be|seems|appears|looks"
        "|seems to be|appears to be|could be|might be|can be|may be",
        option="choice|option|selection|correct|solution|letter|prediction|response|result"
        "|label|output|verdict|conclusion|best match|correct one",
        fills="the|a|an|option|choice|letter|most|likely|probably|clearly|definitely|therefore"
        "|thus|hence|then|only|also|indeed|simply|obviously|to be|best|correct|final|choice is"
        "|number|just|as follows|below|more",
        right="correct|best|true|accurate|answer|valid|appropriate|suitable",
        wrong="not|never|wrong|incorrect|false|invalid|unlikely|impossible|eliminated|excluded"
        "|ruled out|inaccurate|inappropriate|irrelevant|bad|worst|poor|worse|least|fails|lacks"
        "|less|far from",
        denials="does not|do not|did not|would not|could not|should not|will not|has not",
        negations="not|cannot|never|neither|nor|rather than|instead of|except|unlike|without"
        "|wrong|incorrect|false|unlikely|eliminate|eliminates|eliminating|eliminated|exclude"
        "|excludes|excluding|rule out|rules out|ruled out|ruling out|reject|discard|avoid|if"
        "|whether|unless|suppose|supposing|assume|assuming|least|worst|each|every|any|another"
        "|dont|doesnt|isnt|cant|wont|wouldnt|arent|didnt|everything but|anything but",
        joins="and|or|and/or|as well as|nor|vs|vs.|versus",
        therefore="therefore|thus|hence|so|consequently|in conclusion|to conclude|in summary"
        "|overall|accordingly|as a result|finally|based on",
        final="final",
    ),
    "German": Language(
        answer="antwort|lösung|loesung|antwortmöglichkeit|antwortoption|antw.|wähle"
        "|entscheide mich für",
        links="ist|lautet|wäre|sind|sein|heißt|muss sein|scheint",
        option="ergebnis|richtig|korrekt|auswahl|wahl|buchstabe|antwortbuchstabe|richtige|korrekte",
        fills="die|der|das|den|option|buchstabe|wahrscheinlich|eindeutig|richtige|korrekte|also"
        "|somit|daher|eine",
        right="richtig|korrekt|richtige|korrekte|wahr",
        wrong="nicht|falsch|keine|kein|inkorrekt|unzutreffend",
        denials="nicht",
        negations="nicht|kein|keine|weder|niemals|statt|außer|falsche|falsch|ob|wenn",
        joins="und|oder|sowie|noch", therefore="daher|deshalb|somit|folglich|also",
        final="endgültige|finale",
    ),
    "French": Language(
        answer="réponse|reponse|réponses|rép.|je choisis|choisis",
        links="est|serait|sont|semble être|doit être|n'est",
        option="choix|bonne|correcte|option|solution|lettre|proposition",
        fills="la|le|les|l'|l|option|lettre|choix|correcte|exacte|juste|bonne|finale"
        "|probablement|donc|est donc|proposition",
        right="correcte|correct|exacte|exact|juste|vraie|vrai|bonne|bonne réponse|la bonne",
        wrong="pas|fausse|faux|incorrecte|incorrect|mauvaise|erronée",
        denials="pas",
        negations="pas|ni|jamais|aucune|sauf|fausse|incorrecte|mauvaise|si|sans|plutôt que",
        joins="et|ou", therefore="donc|par conséquent|ainsi|en conclusion", final="finale",
    ),
    "Spanish": Language(
        answer="respuesta|resp.|elijo|escojo|selecciono",
        links="es|está|sería|seria|son|sea|debe ser",
        option="opción|opcion|correcta|solución|solucion|alternativa|letra|inciso|elección"
        "|literal",
        fills="la|el|los|opción|opcion|letra|alternativa|correcta|final|probablemente|es decir"
        "|inciso|literal|número",
        right="correcta|correcto|la correcta|verdadera|cierta",
        wrong="no es|no está|no son|no coincide|no corresponde|no puede|incorrecta"
        "|incorrecto|falsa|errónea",
        negations="no es|no son|no sea|no creo|no elijo|ni|tampoco|nunca|excepto|incorrecta"
        "|falsa|sin|salvo",
        joins="y|o|e|u", therefore="por lo tanto|por tanto|así que|entonces|en conclusión",
        final="final",
    ),
    "Portuguese": Language(
        answer="resposta|gabarito|escolho|seleciono", links="é|e|está|seria|são|deve ser",
        option="opção|opcao|correta|solução|solucao|alternativa|letra|escolha|item",
        fills="a|o|as|os|opção|opcao|letra|alternativa|correta|certa|final|item|provavelmente"
        "|portanto",
        right="correta|correto|certa|certo|verdadeira",
        wrong="não|nao|incorreta|incorreto|errada|errado|falsa",
        negations="não|nao|nem|nunca|exceto|incorreta|errada|falsa|sem|se", joins="e|ou",
        therefore="portanto|assim|logo|então|em conclusão", final="final",
    ),
    "Italian": Language(
        answer="risposta|scelgo|seleziono", links="è|e'|é|sarebbe|sono|deve essere",
        option="opzione|corretta|soluzione|scelta|lettera|alternativa",
        fills="la|il|l'|l|opzione|lettera|corretta|esatta|giusta|finale|quindi|probabilmente"
        "|scelta",
        right="corretta|corretto|giusta|giusto|esatta|vera",
        wrong="non|sbagliata|errata|falsa|scorretta",
        negations="non|né|mai|tranne|eccetto|sbagliata|errata|falsa|senza", joins="e|o|oppure",
        therefore="quindi|pertanto|dunque|perciò|in conclusione", final="finale",
    ),
    "Dutch": Language(
        answer="antwoord|oplossing|kies", links="is|luidt|zijn|zou zijn",
        option="optie|keuze|juiste|correcte|letter",
        fills="de|het|optie|letter|juiste|correcte|dus|waarschijnlijk|keuze",
        right="juist|correct|goed|juiste|waar", wrong="niet|fout|onjuist|verkeerd|geen",
        denials="niet",
        negations="niet|geen|noch|nooit|behalve|foute|onjuiste|als", joins="en|of",
        therefore="dus|daarom|kortom", final="definitieve",
    ),
    "Russian": Language(
        answer="ответ|ответом|выбираю|выберу", links="это|является|будет|есть",
        option="вариант|правильный|правильно|верно|решение|буква|правильным",
        fills="вариант|под буквой|буква|правильный|верный|окончательный|итоговый|является|пункт"
        "|под",
        right="правильный|правильно|верный|верно|верен|правилен|правильным|верным",
        wrong="не|неверно|неправильно|неверный|неправильный|ошибочный|неверен",
        negations="не|ни|неверный|неправильный|кроме|нет|если", joins="и|или",
        therefore="поэтому|следовательно|таким образом|итак|значит",
        final="окончательный|итоговый",
    ),
    "Ukrainian": Language(
        answer="відповідь|обираю", links="це|є", option="варіант|правильно",
        fills="варіант|правильна", right="правильний|правильна|вірно|вірна",
        wrong="не|неправильна|невірна", negations="не|ні", joins="та|або|чи",
        therefore="отже|тому",
    ),
    "Polish": Language(
        answer="odpowiedź|odpowiedz|odpowiedzią|odp|odp.|wybieram",
        links="jest|brzmi|to jest|to", option="opcja|poprawna",
        fills="opcja|litera|poprawna|prawidłowa|właściwa|poprawną|prawidłową",
        right="poprawna|prawidłowa|poprawne",
        wrong="nie|błędna|niepoprawna", negations="nie|ani|błędna", joins="i|lub|albo",
        therefore="zatem|dlatego",
    ),
    "Czech": Language(
        answer="odpověď|odpoveď", links="je|zní", option="možnost|správně",
        fills="možnost|správná", right="správná|správně", wrong="není|špatná|nesprávná",
        negations="není|ani|ne", joins="a|nebo", therefore="proto|tedy",
    ),
    "Turkish": Language(
        answer="cevap|cevabı|cevabım|yanıt|yanıtı|doğru cevap|seçiyorum", links="dır|dir",
        option="seçenek|şık|doğru seçenek|çözüm", fills="şıkkı|seçeneği|doğru|olan",
        right="doğru|doğrudur|doğru cevaptır|şıkkıdır|seçeneğidir",
        wrong="değil|değildir|yanlış|yanlıştır", denials="değil|değildir",
        negations="değil|yanlış", joins="ve|veya|ya da",
        therefore="bu nedenle|dolayısıyla|sonuç olarak",
        endings="'dir|'dır|'dur|'tir|dir|dır|şıkkı",
    ),
    "Romanian": Language(
        answer="răspuns|răspunsul|raspuns|raspunsul", links="este|e", option="varianta|opțiunea",
        fills="varianta|litera|corect|final", right="corect|corectă", wrong="nu|greșit|incorect",
        negations="nu|nici", joins="și|sau", therefore="deci|prin urmare",
    ),
    "Swedish, Danish and Norwegian": Language(
        answer="svar|svaret", links="är|er", option="alternativ|rätt|riktig|rigtig",
        fills="alternativ|rätta|riktiga|riktige|rigtige",
        right="rätt|korrekt|riktig|rigtig|rigtigt", wrong="inte|ikke|fel|feil|forkert",
        denials="inte|ikke",
        negations="inte|ikke|varken|hverken|verken", joins="och|og|eller",
        therefore="därför|derfor|alltså|altså",
    ),
    "Finnish": Language(
        answer="vastaus|vastaus on", fills="oikea|vaihtoehto", right="oikein|oikea",
        wrong="ei|väärin|väärä", negations="ei", joins="ja|tai",
    ),
    "Hungarian": Language(
        answer="válasz", fills="helyes|a|az", right="helyes", wrong="nem|helytelen|hibás",
        negations="nem|sem", joins="és|vagy",
    ),
    "Greek": Language(
        answer="απάντηση|απαντηση|απάντησή", links="είναι|ειναι", option="επιλογή",
        fills="η|το|σωστή|επιλογή", right="σωστή|σωστό", wrong="δεν|λάθος",
        negations="δεν|όχι|ούτε", joins="και|ή", therefore="επομένως|άρα",
    ),
    "Hebrew": Language(
        answer="תשובה|התשובה", links="היא|הוא", option="אפשרות", fills="הנכונה|הסופית|אפשרות",
        right="נכונה|הנכונה", wrong="לא|שגויה", negations="לא|אינה|אינו", joins="או",
    ),
    "Arabic": Language(
        answer="الإجابة|الاجابة|إجابة|اجابة|الجواب|جواب|أختار|اختار", links="هي|هو|تكون",
        option="الخيار|الاختيار|الحل|الحرف",
        fills="الصحيحة|الصحيح|النهائية|الخيار|الحرف|هي|هو|الصحيحه",
        right="الصحيح|الصحيحة|صحيح|صحيحة", wrong="ليس|ليست|خطأ|خاطئ|خاطئة|غير",
        negations="ليس|ليست|لا|لن|غير|الخاطئة|الخاطئ", joins="أو|و", therefore="لذلك|إذن|وبالتالي",
        final="النهائية",
    ),
    "Persian and Urdu": Language(
        answer="پاسخ|جواب|گزینه درست", links="است|ہے|:", option="گزینه|آپشن",
        fills="صحیح|درست|گزینه|نهایی", right="صحیح است|درست است|درست ہے|صحیح|درست",
        wrong="نیست|غلط|نادرست|نہیں", denials="نیست|نہیں",
        negations="نہیں|نه", joins="یا|و|اور",
    ),
    "Hindi": Language(
        answer="सही विकल्प|उत्तर|जवाब", links="है", option="विकल्प", fills="सही|विकल्प|अंतिम",
        right="सही|सही है|सही उत्तर", wrong="गलत|नहीं|ग़लत", denials="नहीं",
        negations="नहीं|गलत|न", joins="और|या",
        therefore="इसलिए|अतः", final="अंतिम",
    ),
    "Bengali": Language(
        answer="উত্তর|উত্তরঃ", links="হল|হলো", fills="সঠিক|বিকল্প", right="সঠিক",
        wrong="ভুল|নয়|না", denials="নয়|না",
        negations="নয়|না|ভুল", joins="এবং|বা",
    ),
    "Vietnamese": Language(
        answer="đáp án|câu trả lời|chọn|trả lời", links="là", option="phương án|lựa chọn",
        fills="đúng|chính xác|phương án|câu|cuối cùng", right="đúng|là đúng|chính xác",
        wrong="không|sai|là sai|không đúng", negations="không|sai|chẳng", joins="và|hoặc|hay",
        therefore="vì vậy|do đó|vậy", final="cuối cùng",
    ),
    "Indonesian and Malay": Language(
        answer="jawaban|jawabannya|jawapan|jawapannya|pilih", links="adalah|ialah|yaitu",
        option="pilihan|opsi", fills="yang benar|benar|betul|pilihan|opsi|tepat|yang|akhir",
        right="benar|betul|tepat", wrong="salah|tidak|bukan|keliru",
        negations="bukan|tidak|salah|kecuali", joins="dan|atau", therefore="jadi|oleh karena itu",
    ),
    "Thai": Language(
        answer="คำตอบ|ตอบ", links="คือ|เป็น", option="ข้อ|ตัวเลือก", fills="ที่ถูกต้อง|ข้อ|ที่ถูก",
        right="ถูกต้อง|ถูก", wrong="ผิด|ไม่", negations="ไม่|ผิด", joins="และ|หรือ",
    ),
    "Swahili": Language(
        answer="jibu|jibu ni|jibu sahihi ni", fills="sahihi", right="sahihi",
        wrong="si|sio|sahihi si", negations="si|sio", joins="na|au",
    ),
    "Chinese": Language(
        answer="答案|正确的是|正確的是|符合的是|符合题意的是|符合條件的是|答|选|選|选择|選擇|解答|答复|回答|结论|結論",
        links="是|为|為|应为|應為|应是|應是|应该是|應該是|应该为|应当是|就是|即为|即",
        option="选项|選項|正确的|正确|正確|最佳",
        fills="选项|選項|选|選|选择|選擇|的是|项|項|应|應|应该|應該|可能|只能|最终|正确|的|為|为",
        right="正确|正確|是对的|是對的|是答案|最合适|最佳",
        wrong="不|并不|並不|错|錯|误|誤|非|并非|没有|沒有|有误",
        denials="不正确|不正確|不对|不對|错误|錯誤|不符|有误|不准确",
        negations="不|非|没|沒|错误|錯誤|排除|除了|如果|若",
        joins="和|或|或者|与|與|及|、|以及|还是|還是",
        therefore="因此|所以|综上|綜上|故|总之|由此可见|于是", final="最终|最終|最后|最後",
        endings="项|項|选项|選項|是正确的|正确",
    ),
    "Japanese": Language(
        answer="答え|答|正解|解答|回答|正答|こたえ", links="は|が|も|です|だ|として",
        option="選択肢|正しいの|正しい|適切なの", fills="選択肢|の|は|最も|おそらく|番|記号",
        right="正解|正しい|正答|答え|適切|を選|選び|が正解|が正しい",
        wrong="ではな|ではあ|じゃな|でない|間違|誤|不正解|不適切|ありません",
        denials="ではな|ではあり|じゃな|でない|くない|くありません|ません",
        negations="ない|ではなく|不正解|間違い|誤り|除", joins="と|か|または|および|あるいは|、",
        therefore="したがって|よって|従って|ゆえに|つまり|以上より", final="最終",
        endings="です|だ|である|番|になります|となります|でしょう|と思います",
    ),
    "Korean": Language(
        answer="정답|답|답변|정답은|선택", links="은|는|이|가|이다|입니다|로",
        option="선택지|옵션|보기|올바른 것|맞는 것",
        fills="선택지|옵션|보기|번|은|는|바로|최종|올바른", right="정답|맞|옳|올바|적절|선택",
        wrong="아니|아닙|아닌|틀|오답|잘못|않", denials="아니|아닙|아닌|않",
        negations="아니|아닌|오답|틀린|않|제외",
        joins="와|과|또는|및|이나|나|혹은|그리고", therefore="따라서|그러므로|결론적으로|그래서",
        final="최종",
        endings="입니다|이다|번|번입니다|번이다|예요|이에요|가 정답입니다|를 선택합니다",
    ),
}
# fmt: on
