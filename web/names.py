"""Codes in plain words of the interface's language. An unknown code is shown as it is."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _

from kb.gazetteer import Entity, Gazetteer
from kb.language import language_script, script
from web import languages
from web.phrases import N_

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
    "agreement": N_("Agreement"),
    "official": N_("Official document"),
    "policy_paper": N_("Policy paper"),
    "news": N_("News"),
    "dataset": N_("Dataset"),
}
STATUSES = {
    "signed": N_("Signed"),
    "in_force": N_("In force"),
    "amended": N_("Amended"),
    "superseded": N_("Superseded"),
    "terminated": N_("Terminated"),
    "unknown": N_("Status not known"),
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
    "message/rfc822": N_("E-mail"),
    "application/xml": "XML",
    "application/akn+xml": "Akoma Ntoso",
    "text/html": "HTML",
    "text/markdown": "Markdown",
    "text/plain": N_("Plain text"),
}


def country(code: str) -> str:
    return (COUNTRIES.get(code) if languages.chosen() == "en" else languages.country(code)) or code


def language(code: str) -> str:
    name = LANGUAGES.get(code) if languages.chosen() == "en" else languages.language_name(code)
    return name[:1].upper() + name[1:] if name else code


def kind(code: str) -> str:
    return _(KINDS[code]) if code in KINDS else code


def status(code: str) -> str:
    """ "" for an unknown one."""
    return _(STATUSES[code]) if code in STATUSES else ""


def media_type(code: str) -> str:
    """What people call a type of file."""
    return _(MEDIA_TYPES[code]) if code in MEDIA_TYPES else _("file")


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
    try:
        known = date(*(int(part) for part in [*parts, "1", "1"][:3]))
    except ValueError:
        return value
    return languages.day(known, len(parts))


def confidence(value: float) -> str:
    """Plain words for 0..1. Quarter marks of what may be shown: the figure itself always stands beside the words."""
    if value >= 0.85:
        return _("High confidence")
    if value >= 0.6:
        return _("Good confidence")
    return _("Moderate confidence") if value >= 0.4 else _("Low confidence")


def gazetteer() -> Gazetteer:
    """The names of the field that come with the program."""
    return Gazetteer.load()


def entity(value: str) -> str:
    """The name of an entity given by its id or one of its names; what is neither stays as it is."""
    entity_id = gazetteer().entity_id(value)
    return called(gazetteer().entities[entity_id]) if entity_id else value


def called(known: Entity) -> str:
    """What the entity is called in the interface's language: the first of its names in that script, else the one it has."""
    if known.type == "country":
        return country(known.countries[0])
    wanted = language_script(languages.chosen())
    return next((name for name in known.names if script(name) == wanted), known.name)
