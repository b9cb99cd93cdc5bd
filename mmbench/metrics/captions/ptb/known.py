"""Word lists of the PTB rules, as patterns: abbreviations, contractions, endings.

Case is ignored, except for a word with a capital after "^", which must have that capital because it
is also a common word ("Ill." for Illinois). "?" makes the letter before it optional.
"""

from __future__ import annotations


def one_of(words: str) -> str:
    """Return a pattern for any of the words."""
    return "(?:" + "|".join(map(_pattern, words.split())) + ")"


def _pattern(word: str) -> str:
    if word.startswith("^"):
        return word[1] + (f"(?i:{word[2:]})" if word[2:] else "")
    return f"(?i:{word})"


_INITIALS = r"[A-Za-z](?:\.[A-Za-z])"
_COUNTRIES = (
    r"(?i:u\.s\.-u\.k|u\.s\.-u\.s\.s\.r|(?:canada|sino|korean|eu|japan|non)-u\.s)"  # as in news
)
ACRONYM = f"(?:{_COUNTRIES}|{_INITIALS}*)"
ACRONYM_OF_TWO = f"(?:{_COUNTRIES}|{_INITIALS}+)"

_MONTHS = "jan feb mar apr jun jul aug sept? oct nov dec"
_DAYS = "mon tues? wed thu thurs fri"
_STATES = (
    "ala ^Ark ariz ^Az calif colo conn ct dak ^Del fla ga ^Ill ind kans? ky ^La ^Mass md mich minn "
    "^Miss mo mont neb nev okla ^Ore ^Pa penn tenn ^Tex va vt ^Wash wisc? wyo"
)
_COMPANIES = "assn bancorp bhd cos? corp inc intl ltd plc rt sys univ"
_COUNTS = "est ext sq tel"
_AFTER_NAMES = r"blvd bros esq jr rd sr ed\.d ph\.d"
_LISTS = "al bldg etc seq"
# Abbreviations that may end a sentence, or precede a lower-case letter.
MAY_END = one_of(
    f"{_MONTHS} {_DAYS} {_STATES} {_COMPANIES} {_COUNTS} {_AFTER_NAMES} {_LISTS}"
)[:-1] + "|(?i:pp?t)[ye](?i:s?))"  # fmt: skip

_TITLES = (
    "adj adm adv asst assoc attys? ave brig capt co?mdr col cpl det drs? ens ft gen govs? hon insp "
    "lieut lt maj messrs ^Miss mlle mme mr mrs ms msgr mt pfc pres profs? pvt reps? rev sens? sfc "
    "sgt spc ste? supts?"
)
_NAMES = r"a\.k\.a alex cf cie dept elec invt jos natl ph treas vs wm"
# Abbreviations that do not end a sentence.
NEVER_ENDS = one_of(f"{_TITLES} {_NAMES}")[:-1] + f"|(?i:m)[ft](?i:g)|{ACRONYM})"
BEFORE_NUMBERS = one_of("art bldg ca figs? nos? op pp prop")
PLURAL_COMPANY = r"(?:(?i:pt)[eyEY]|(?i:co))\."

# First words of sentences. An acronym before one of them also ends a sentence.
SENTENCE_STARTS = one_of(
    r"^A ^About ^According ^Additionally ^After ^An ^As ^At ^But ^Earlier ^He ^Her ^Here ^However "
    r"^If ^In ^It ^Last ^Many ^More ^Mr\. ^Ms\. ^Now ^Once ^One ^Other ^Our ^She ^Since ^So ^Some "
    r"^Such ^That ^The ^Their ^Then ^There ^These ^They ^This ^We ^What ^When ^While ^Yet ^You"
)

FILE_TYPES = one_of(
    "bat bmp c cgi class cpp dll docx? exe gif gz h html? jar java jpe?g mov mp3 pdf php pl png "
    "ppt ps py sql tar txt wav xml x zip"
)

# All words that may keep the full stop after them.
ABBREVIATION = f"(?:{MAY_END}|{NEVER_ENDS}|{BEFORE_NUMBERS})"

# Words that become two tokens, the second with two or three letters: "can not", "gon na".
SPLIT_WORDS = frozenset({"cannot", "gimme", "gonna", "gotta", "lemme", "wanna"})
