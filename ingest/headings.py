"""The headings of law: "Article 5 — Title", "ANNEX II", «Статья 5», «5-modda», آرٹیکل 5; and the numbers they go by."""

from __future__ import annotations

import re
from dataclasses import dataclass

RANK = {
    "instrument": 0,
    "protocol": 1,
    "annex": 1,
    "appendix": 1,
    "schedule": 1,
    "part": 2,
    "title": 3,
    "chapter": 4,
    "section": 5,
    "article": 6,
    "paragraph": 6,
    "preamble": 9,
    "closing": 9,
}
ARTICLE_RANK = RANK["article"]
_SHORT = {
    "article": "art.",
    "chapter": "ch.",
    "part": "pt.",
    "section": "sec.",
    "appendix": "app.",
    "schedule": "sch.",
    "paragraph": "para.",
    "closing": "closing formula",
}
LONGEST_NAME = 60  # characters of an instrument's title in a pinpoint


@dataclass(frozen=True, slots=True)
class Pinpoint:
    """A legal heading: `unit` is a key of RANK, `number` as printed ("5", "II", "" for a preamble), `title` what follows it.

    A number that the text lacks and its neighbours give is in square brackets, as an editor adds it: "[1]".
    """

    unit: str
    number: str
    title: str = ""

    @property
    def rank(self) -> int:
        """0 (encloses all) .. 6 (article); a preamble or closing formula, 9, encloses nothing."""
        return RANK[self.unit]

    def closes(self, other: Pinpoint) -> bool:
        """Does the part that `other` heads end where this one begins? A preamble ends all but an agreement or its annex."""
        return other.rank > 1 if self.rank == 9 else other.rank >= self.rank

    def __str__(self) -> str:
        if self.unit == "instrument":
            return self.title if len(self.title) <= LONGEST_NAME else self.title[: LONGEST_NAME - 1].rstrip() + "…"
        return f"{_SHORT.get(self.unit, self.unit)} {self.number}".strip()


_LATIN = r"bis|ter|quater|quinquies|sexies|septies"
_ROMAN = r"[IVXLC]+"
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORD_NUMBERS = {word: number for number, word in enumerate(_ONES, 1)} | {
    f"{ten}{joint}{one}".rstrip("- "): 10 * tens + ones
    for tens, ten in enumerate(_TENS, 2)
    for ones, one in enumerate(["", *_ONES[:9]])
    for joint in "- "
}
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth".split()
_WORD_NUMBERS |= {f"{ten}-{one}": 10 * tens + n for tens, ten in enumerate(_TENS, 2) for n, one in enumerate(_ORDINALS, 1)}
_WORD_NUMBERS |= {word: n for n, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)}
_RUSSIAN = "первая вторая третья четвертая пятая шестая седьмая восьмая девятая".split()
_RUSSIAN_TEENS = (
    "десятая одиннадцатая двенадцатая тринадцатая четырнадцатая пятнадцатая шестнадцатая семнадцатая восемнадцатая девятнадцатая"
)
_WORD_NUMBERS |= {word: n for n, word in enumerate(f"{_RUSSIAN_TEENS} двадцатая".split(), 10)} | {"тридцатая": 30}
_WORD_NUMBERS |= {
    f"{ten} {one}": 10 * tens + n for tens, ten in ((2, "двадцать"), (3, "тридцать")) for n, one in enumerate(_RUSSIAN, 1)
}
_WORD_NUMBERS |= {
    form: number  # Urdu, and Persian where it is written otherwise
    for number, forms in enumerate(
        "اول|اوّل دوم|دوئم سوم|سوئم چہارم|چهارم پنجم ششم ہفتم|هفتم ہشتم|هشتم نہم|نهم دہم|دهم".split(), 1
    )
    for form in forms.split("|")
}
_WORD_NUMBERS |= {
    form: number
    for number, forms in enumerate(
        "первая|первый вторая|второй третья|третий четвёртая|четвертая|четвёртый пятая|пятый шестая|шестой седьмая|седьмой "
        "восьмая|восьмой девятая|девятый десятая|десятый".split(),
        1,
    )
    for form in forms.split("|")
}
_WORDS = "|".join(sorted(_WORD_NUMBERS, key=len, reverse=True))
_NUMBER = (
    rf"(?:\d{{1,3}}(?:(?:{_LATIN})(?=[.:]))?(?:[.:]\d{{1,3}}){{0,2}}(?:\s?(?:{_LATIN})|-?[A-Z])?|{_ROMAN}(?:-?[A-Z]|\s?(?:{_LATIN}))?"
    rf"|[۰-۹٠-٩]{{1,3}}|{_WORDS})"
)
_OF_CHAPTER = r"(?:\d{1,3}|[A-Z])-\d{1,2}|\d{4}"  # "1-01", "A-01", "1603": articles by chapter; «7-1»: inserted ones
_LETTERED = r"(?:\d{1,3}|[A-Z])-\d{1,2}|[A-ZА-Я](?:\.\d{1,3}){0,2}"  # "Annex O-06", "Schedule B", "Annex C.2", «Приложение А»
_SIGN = r"\s*(?:(?:no\.?|n(?=\s?\d)|№|نمبر|[-–—:])\s*)?"
_UNITS: tuple[tuple[str, str, str], ...] = (  # unit, its names, what may stand for its number
    (
        "article",
        r"article|artículo|artigo|artikel|art\.?|статья|ст\.|моддаи|آرٹیکل|دفعہ|ماده|مادۀ|مادہ|المادة|madde|modda|madda",
        rf"{_OF_CHAPTER}|{_NUMBER}",
    ),
    ("title", r"title", rf"{_ROMAN}|\d{{1,2}}"),
    ("chapter", r"chapter|capítulo|глава|боби|باب|فصل|bob", _NUMBER),
    ("part", r"part|часть|حصہ", _NUMBER),
    ("section", r"section|раздел|سیکشن", rf"{_NUMBER}|[A-Z](?:\.\d{{1,3}}){{0,2}}"),
    ("annex", r"annexure|annexe|annex|anexo|приложение|замимаи|ضمیمہ|ilova", rf"{_LETTERED}|{_NUMBER}"),
    ("appendix", r"appendix", rf"{_LETTERED}|{_NUMBER}"),
    ("schedule", r"schedule", rf"{_LETTERED}|{_NUMBER}"),
    ("protocol", r"protocol|протокол", rf"{_LETTERED}|{_NUMBER}"),
)
_FORMS = tuple(
    (
        unit,
        re.compile(rf"^(?:{names})(?![^\W\d_]){_SIGN}(?P<number>{number})(?!\w|[:.-]\d)(?P<rest>.*)$", re.IGNORECASE | re.DOTALL),
    )
    for unit, names, number in _UNITS
) + tuple(  # Turkic languages put the number first: 5-modda, 5-бап, II bob
    (unit, re.compile(rf"^(?P<number>\d{{1,3}}|{_ROMAN})(?:{joint})(?:{names})(?!\w)(?P<rest>.*)$", re.IGNORECASE | re.DOTALL))
    for unit, names, joint in (
        ("article", "modda|модда|бап|берене", r"\s?[-–—.]?\s?"),
        ("article", "madda", r"-?n?j[iy]\s"),  # Turkmen
        ("article", "статья", "-"),  # Kyrgyz; "13. Глава МИД прибыл …" is a line of a list
        ("chapter", "bob|боб|тарау", r"\s?[-–—.]?\s?"),
        ("chapter", "глава", "-"),
        ("section", "бөлүм|бөлім|bo‘lim|bo'lim", r"\s?[-–—.]?\s?"),
        ("annex", "ilova|илова|қосымша|тиркеме", r"\s?[-–—.]?\s?"),
    )
)
_HAN_UNITS = {"条": "article", "條": "article", "章": "chapter", "节": "section", "節": "section", "编": "part", "編": "part"}
_HAN = re.compile(r"^第\s?(?P<number>[一二三四五六七八九十百〇零\d]{1,6})\s?(?P<unit>[条條章节節编編])(?P<rest>.*)$", re.DOTALL)
_BARE = re.compile(
    r"^(?:(?P<annex>annex|приложение|ضمیمہ)|(?P<preamble>preamble|преамбула|تمہید|دیباچہ|муқаддима))"
    r"\s*[:.]?$",
    re.IGNORECASE,
)
# "Annex 2 to the Agreement", «Приложение № 2 к Соглашению»: the annex says whose it is.
_WHOSE = re.compile(r"^\s*(?:к|to\s(?:the|this))\s[A-ZА-ЯЁ]")
# What follows a number in running text: a small letter, a bracket or a comma; or, in Urdu, the particle of a case.
_RUNS_ON = re.compile(r"^\s*(?:[,;(/)]|[a-zа-яё]|(?:کے|کی|کا|میں|سے|پر|کو|اور|و|در|از)(?!\w))")
_SENTENCE = re.compile(
    r"\b(?:shall|will|must|may not|is|are|was|were|has|have|обязуются|является|являются|должны)\b|(?:ہے|ہیں|گا|گے|گی)\s*۔"
)
_LEADER = re.compile(r"(?:\s*[.…·]){3,}\s*\d{0,4}$|\t\d{1,4}$")
_LEADER_END = 40  # characters of a line that show it: searched from each of 60,000 dots, one line took minutes
_OTHER = re.compile(r"(?<!\bof )(?<!\bto )(?<!\bwith )(?<!\bunder )\b(?:article|статья)\s*\d", re.IGNORECASE)
# The longest of 729 headings in twenty trade agreements had 20 words.
MAX_TITLE_WORDS = 26
MAX_HEADING = 220


def parse_heading(text: str) -> Pinpoint | None:
    """Read "Article 5 — Title", "ANNEX II", «Статья 5. Сроки», آرٹیکل 5 …; None for any other text.

    A reference in a sentence ("Article 5 applies to …", "Pursuant to Article 5"), a sentence of the law and an entry of a table
    of contents ("Article 5 Transit ..... 7") are no headings.
    """
    line = " ".join(text[: MAX_HEADING + 1].split())
    if not line or len(line) > MAX_HEADING:
        return None
    bare = _BARE.match(line)
    if bare:
        return Pinpoint(bare.lastgroup or "", "")
    for unit, form in _FORMS:
        match = form.match(line)
        rest = match["rest"] if match else ""
        if match and (_is_title(rest, line) or (RANK[unit] == 1 and _is_whose(rest))):
            return Pinpoint(unit, _printed(match["number"]), rest.strip(" .:—–-۔"))
    han = _HAN.match(line)
    if (
        han
        and not re.search("[。；，、]", han["rest"])
        and not is_leader(line)
        and not re.match("[的和至、第之规規]", han["rest"])
    ):
        return Pinpoint(_HAN_UNITS[han["unit"]], _from_han(han["number"]), han["rest"].strip(" ：:"))
    return None


def _is_whose(rest: str) -> bool:
    return _WHOSE.match(rest) is not None and rest[-1] not in ".;,:" and not _SENTENCE.search(rest) and " shall " not in rest


def _from_han(number: str) -> str:
    """ "二十一" → "21"; digits stay as they are."""
    if number.isdecimal():
        return number
    total = pending = 0
    for sign in number:
        value = "〇一二三四五六七八九".find(sign.replace("零", "〇"))
        if value >= 0:
            pending = value
        else:
            total, pending = total + max(pending, 1) * (10 if sign == "十" else 100), 0
    return str(total + pending)


# A text that stands in one line with its heading: "Article 5. The Parties shall …", «Статья 5. Стороны обязуются …».
_RUN_IN = re.compile(
    rf"(?i:article|статья|آرٹیکل|دفعہ|ماده)\s*(?:№\s*)?(?P<number>(?i:{_OF_CHAPTER}|{_NUMBER}))\s?[.:—–۔-]\s*"
    r"(?=[^\Wa-zа-яё_\d]|\d{1,2}[.)]\s|\(\d)"
)


def parse_run_in(text: str) -> tuple[Pinpoint, int] | None:
    """An article whose text follows in the same paragraph, and where that text begins; None for anything else."""
    if (han := _HAN.match(text)) and han["unit"] in "条條" and re.match(r"[\s　：]", han["rest"]) and "。" in han["rest"]:
        return Pinpoint("article", _from_han(han["number"])), len(text) - len(han["rest"].lstrip(" 　："))
    match = _RUN_IN.match(text[:60])
    if match is None or text[0].islower() or not text[match.end() : match.end() + 1]:
        return None
    return Pinpoint("article", _printed(match["number"])), match.end()


def is_title(line: str) -> bool:
    """May this line be a title: short, begun like one, and no sentence?"""
    first = line[:1]
    return (
        (first.isupper() or (first.isalpha() and not first.islower()))
        and len(line.split()) <= MAX_TITLE_WORDS
        and line[-1] not in ".;,:۔!?…"
        and not _SENTENCE.search(line)
    )


def is_leader(line: str) -> bool:
    """Does the line end like an entry of a table of contents: dots and a page's number?"""
    return _LEADER.search(line[-_LEADER_END:]) is not None


def _is_title(rest: str, line: str) -> bool:
    if line[0].islower() or _RUNS_ON.match(rest) or is_leader(rest) or _OTHER.search(rest):
        return False
    title = rest.strip()
    if title.endswith("۔") and title[0].isalpha():  # a sentence without a mark behind the number: "see section 3"
        return False
    if len(title.split()) > MAX_TITLE_WORDS or title.endswith((";", ",", ".)")):
        return False
    return " shall " not in title and not (_SENTENCE.search(title) and title.endswith((".", ":", "۔")))


def _printed(text: str) -> str:
    plain = " ".join(text.translate(_DIGITS).split())
    if (word := " ".join(plain.lower().split())) in _WORD_NUMBERS:
        return str(_WORD_NUMBERS[word])
    if re.fullmatch(_ROMAN, plain, re.IGNORECASE):
        return plain.upper()
    return re.sub(rf"(?<=\d)(?=(?:{_LATIN})$)", " ", plain, flags=re.IGNORECASE)


_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def ordinal(number: str) -> tuple[int, ...]:
    """A heading's number as numbers that compare: "5" → (5,), "V" → (5,), "4.03" → (4, 3), "4 bis" → (4, 0, 2); () for none.

    Letters count from A = 1. Square brackets make no difference.
    """
    plain = number.strip("[]")
    if re.fullmatch(_ROMAN, plain):
        values = [_VALUES[letter] for letter in plain]
        return (sum(-v if v < after else v for v, after in zip(values, [*values[1:], 0], strict=True)),)
    if lettered := re.fullmatch(r"([A-ZА-Я])((?:[.-]\d+)*)", plain):
        return (
            ord(lettered[1]) - (64 if lettered[1].isascii() else ord("А") - 1),
            *(int(part) for part in re.findall(r"\d+", lettered[2])),
        )
    if inserted := re.fullmatch(rf"({_ROMAN})(?:\s?({_LATIN})|-?([A-Z]))", plain, re.IGNORECASE):
        return (*ordinal(inserted[1].upper()), *(_inserted(inserted[2]) or (0, ord(inserted[3].upper()) - 64)))
    found = re.fullmatch(rf"(\d+)({_LATIN})?((?:[.:-]\d+)*)(?:\s?({_LATIN})|-?([A-Z]))?", plain, re.IGNORECASE)
    if found is None:
        return ()
    digits = [int(found[1]), *_inserted(found[2]), *(int(part) for part in re.findall(r"\d+", found[3]))]
    return (*digits, *_inserted(found[4]), *((0, ord(found[5].upper()) - 64) if found[5] else ()))


def _inserted(word: str | None) -> tuple[int, ...]:
    return (0, _LATIN.split("|").index(word.lower()) + 2) if word else ()
