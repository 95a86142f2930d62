"""Codes in plain English, for people. An unknown code is shown as it is."""

from __future__ import annotations

from kb.gazetteer import Gazetteer

COUNTRIES = {
    "AE": "United Arab Emirates",
    "AF": "Afghanistan",
    "AM": "Armenia",
    "AZ": "Azerbaijan",
    "BY": "Belarus",
    "CN": "China",
    "DE": "Germany",
    "GB": "United Kingdom",
    "GE": "Georgia",
    "IN": "India",
    "IR": "Iran",
    "JP": "Japan",
    "KG": "Kyrgyzstan",
    "KR": "South Korea",
    "KZ": "Kazakhstan",
    "PK": "Pakistan",
    "QA": "Qatar",
    "RU": "Russia",
    "SA": "Saudi Arabia",
    "TJ": "Tajikistan",
    "TM": "Turkmenistan",
    "TR": "Türkiye",
    "US": "United States",
    "UZ": "Uzbekistan",
}
LANGUAGES = {
    "en": "English",
    "fa": "Persian",
    "hi": "Hindi",
    "kk": "Kazakh",
    "ky": "Kyrgyz",
    "ps": "Pashto",
    "ru": "Russian",
    "tg": "Tajik",
    "tk": "Turkmen",
    "tr": "Turkish",
    "ur": "Urdu",
    "uz": "Uzbek",
    "zh": "Chinese",
}
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "sd", "ug", "ur"})
KINDS = {
    "agreement": "Agreement",
    "official": "Official document",
    "policy_paper": "Policy paper",
    "news": "News",
    "dataset": "Dataset",
}
STATUSES = {
    "signed": "Signed",
    "in_force": "In force",
    "amended": "Amended",
    "superseded": "Superseded",
    "terminated": "Terminated",
    "unknown": "Status not known",
}
MEDIA_TYPES = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/vnd.oasis.opendocument.text": "OpenDocument",
    "application/rtf": "RTF",
    "application/x-ndjson": "JSON Lines",
    "application/jsonl": "JSON Lines",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "text/csv": "CSV",
    "message/rfc822": "E-mail",
    "application/xml": "XML",
    "application/akn+xml": "Akoma Ntoso",
    "text/html": "HTML",
    "text/markdown": "Markdown",
    "text/plain": "Plain text",
}
MONTHS = "January February March April May June July August September October November December".split()


def country(code: str) -> str:
    return COUNTRIES.get(code, code)


def language(code: str) -> str:
    return LANGUAGES.get(code, code)


def kind(code: str) -> str:
    return KINDS.get(code, code)


def direction(code: str) -> str:
    """`ltr`, `rtl`, or `auto` for a text whose language is not known."""
    if not code:
        return "auto"
    return "rtl" if code in RIGHT_TO_LEFT else "ltr"


def day(value: str) -> str:
    """ "2021-07-15" → "15 July 2021", "2021-07" → "July 2021"; a time after the day is dropped, anything else is kept."""
    parts = value[:10].split("-")
    if not all(part.isdecimal() for part in parts) or len(parts) > 3:
        return value
    if len(parts) > 1 and not 1 <= int(parts[1]) <= 12:
        return value
    words = [parts[0]]
    if len(parts) > 1:
        words.insert(0, MONTHS[int(parts[1]) - 1])
    if len(parts) > 2:
        words.insert(0, str(int(parts[2])))
    return " ".join(words)


def confidence(value: float) -> str:
    """Plain words for 0..1. Quarter marks of what may be shown: the figure itself always stands beside the words."""
    if value >= 0.85:
        return "High confidence"
    if value >= 0.6:
        return "Good confidence"
    return "Moderate confidence" if value >= 0.4 else "Low confidence"


def gazetteer() -> Gazetteer:
    """The names of the field that come with the program."""
    return Gazetteer.load()


def entity(value: str) -> str:
    """The name of an entity given by its id; what is no id stays as it is."""
    known = gazetteer().entities.get(value)
    return known.name if known else value
