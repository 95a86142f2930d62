"""Metadata as people write it (sidecars, front matter, JSONL fields, file properties) made into `Metadata`, with warnings."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import yaml

from ingest.text import one_line
from kb.records import KINDS, STATUSES, Metadata

LONGEST = 500  # characters of a title or name; the longest agreement title that we met has 310
MOST_VALUES = 100
MOST_SOURCES = 200  # addresses of a document; ours have up to 100
LONGEST_ADDRESS = 2000  # characters; the longest of our 400 has 263. One that is cut leads elsewhere
LARGEST_RAW = 64 * 1024  # bytes of a sidecar or front matter: ours have 3 KB

ADDRESSES = f"only http:// and https:// addresses without user name or spaces, of up to {LONGEST_ADDRESS:,} characters, are"
_COUNTRIES = """
PK Pakistan|Islamic Republic of Pakistan|Пакистан|پاکستان
KZ Kazakhstan|Republic of Kazakhstan|Казахстан|قازقستان|قزاقستان
KG Kyrgyzstan|Kyrgyz Republic|Kirghizistan|Кыргызстан|Киргизия|کرغزستان|کرغیزستان
TJ Tajikistan|Republic of Tajikistan|Таджикистан|تاجکستان
TM Turkmenistan|Туркменистан|Туркмения|ترکمانستان
UZ Uzbekistan|Republic of Uzbekistan|Узбекистан|ازبکستان
AF Afghanistan|Афганистан|افغانستان
CN China|People's Republic of China|PRC|Китай|چین
IR Iran|Islamic Republic of Iran|Иран|ایران
RU Russia|Russian Federation|Россия|Российская Федерация|روس
TR Turkey|Türkiye|Turkiye|Турция|ترکی|ترکیہ
IN India|Индия|بھارت
AZ Azerbaijan|Азербайджан|آذربائیجان
AM Armenia|Армения
GE Georgia|Грузия
UA Ukraine|Украина
BY Belarus|Беларусь|Белоруссия
MD Moldova|Молдова|Молдавия
MN Mongolia|Монголия
AE United Arab Emirates|UAE|ОАЭ|متحدہ عرب امارات
SA Saudi Arabia|Саудовская Аравия|سعودی عرب
QA Qatar|Катар|قطر
LK Sri Lanka|Шри-Ланка
BD Bangladesh|Бангладеш
NP Nepal|Непал
VN Viet Nam|Vietnam|Вьетнам
JP Japan|Япония
KR South Korea|Republic of Korea|Южная Корея
US United States|United States of America|USA|США
GB United Kingdom|UK|Великобритания
DE Germany|Германия
FR France|Франция
IT Italy|Италия
"""
_CODE_OF = {name.casefold(): line[:2] for line in _COUNTRIES.strip().splitlines() for name in (line[:2], *line[3:].split("|"))}
_LANGUAGES = "en english eng|ru russian rus русский|ur urdu urd اردو|uz uzbek uzb|kk kazakh kaz|ky kyrgyz kir|tg tajik tgk"
_LANGUAGES += "|tk turkmen tuk|fa persian farsi fas per|ps pashto pus|zh chinese zho chi|tr turkish tur"
_LANGUAGE_OF = {name: line.split()[0] for line in _LANGUAGES.split("|") for name in line.split()}
_MONTHS = "january february march april may june july august september october november december".split()
_RUSSIAN_MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
_MONTH_OF = {name: number for names in (_MONTHS, _RUSSIAN_MONTHS) for number, name in enumerate(names, 1)}
_MONTH_OF |= {name[:3]: number for name, number in _MONTH_OF.items() if name.isascii()}
_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ].*)?)?)?$")
_WRITTEN = re.compile(r"(?:(\d{1,2})(?:st|nd|rd|th)?\s)?([^\W\d_]+)\.?,?\s(\d{4})(?:\s?г\.?)?$")
_AMERICAN = re.compile(r"([^\W\d_]+)\.?\s(\d{1,2}),\s(\d{4})$")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})$")


def metadata_from(raw: Mapping[str, object]) -> tuple[Metadata, tuple[str, ...]]:
    """What of `raw` can be used, and a sentence for each value that cannot. Unknown keys are left alone.

    Lists may be lists or text parted by commas (parties: by semicolons, when there is one; sources: by white space); countries
    are names or codes.
    """
    warnings: list[str] = []

    def take(key: str, convert: Callable[[str], str], hint: str) -> str:
        value = _scalar(raw.get(key), LONGEST_ADDRESS + 1 if key == "url" else LONGEST)
        if not value:
            return ""
        made = convert(value)
        if not made:
            warnings.append(f"{key} {value[:80]!r} is not used: {hint}.")
        return made

    published = "date" if _scalar(raw.get("date")) else "published"
    dates = "a date is written 2021, 2021-07 or 2021-07-15"
    metadata = Metadata(
        title=_scalar(raw.get("title")),
        kind=take("kind", lambda value: _one_of(value, KINDS), f"it takes one of {', '.join(KINDS)}"),
        publisher=_scalar(raw.get("publisher")),
        published=take(published, iso_date, dates),
        url=take("url", web_address, ADDRESSES),
        language=take("language", language_code, "it takes a code such as en, ru or ur"),
        countries=_countries(raw.get("countries"), warnings),
        parties=_values(raw.get("parties")),
        status=take("status", lambda value: _one_of(value, STATUSES), f"it takes one of {', '.join(STATUSES)}"),
        status_date=take("status_date", iso_date, dates),
        author=_scalar(raw.get("author")),
        projects=_values(raw.get("projects")),
        sources=_sources(raw.get("sources"), warnings),
    )
    return metadata, tuple(warnings)


def merge(*layers: Metadata) -> Metadata:
    """For each field the first layer's value that is not empty."""
    return Metadata(**{field.name: _first(layers, field.name) for field in fields(Metadata)})


def _first(layers: Iterable[Metadata], name: str) -> Any:
    empty = getattr(Metadata(), name)
    return next((value for layer in layers if (value := getattr(layer, name))), empty)


def _scalar(value: object, longest: int = LONGEST) -> str:
    """One line of text, cut at `longest` characters, or "" for nothing and for what is no single value."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return one_line(str(value)[: 4 * longest])[:longest].strip()
    return ""


def _values(value: object) -> tuple[str, ...]:
    """The items of a list, or of a text parted by semicolons or else commas; no item twice."""
    if isinstance(value, str):
        value = value.split(";" if ";" in value else ",")
    items = value if isinstance(value, list | tuple) else ()
    return tuple(dict.fromkeys(filter(None, map(_scalar, items[:MOST_VALUES]))))


def _sources(value: object, warnings: list[str]) -> tuple[str, ...]:
    """Of a list of addresses, or of a text of addresses parted by white space, those that can be used; none twice."""
    items = value.split() if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    if len(items) > MOST_SOURCES:
        warnings.append(f"sources has {len(items):,} addresses; the first {MOST_SOURCES} are used.")
    given = [_scalar(item, LONGEST_ADDRESS + 1) for item in items[:MOST_SOURCES]]
    bad = [address for address in given if not web_address(address)]
    if bad:
        warnings.append(f"{len(bad)} of {len(given)} sources are not used, the first {bad[0][:80]!r}: {ADDRESSES}.")
    return tuple(dict.fromkeys(filter(None, map(web_address, given))))


def _countries(value: object, warnings: list[str]) -> tuple[str, ...]:
    codes = set()
    for name in _values(value):
        code = country_code(name)
        if code:
            codes.add(code)
        else:
            warnings.append(f"country {name!r} is not used: it takes a two-letter code (ISO 3166-1) or a known name.")
    return tuple(sorted(codes))


def country_code(name: str) -> str:
    """The ISO 3166-1 alpha-2 code of a name or code; "" if it is none. A code outside the table of names is taken as it is."""
    folded = name.casefold().removeprefix("the ")
    return _CODE_OF.get(folded) or (name.upper() if re.fullmatch("[A-Za-z]{2}", name) else "")


def language_code(value: str) -> str:
    """A two-letter code from a code ("en", "en-US", "eng") or an English name; "" if it is neither."""
    first = re.split("[-_]", value.casefold().strip())[0]
    return _LANGUAGE_OF.get(first) or (first if re.fullmatch("[a-z]{2}", first) else "")


def _one_of(value: str, known: tuple[str, ...]) -> str:
    folded = re.sub(r"[\s-]+", "_", value.casefold())
    return folded if folded in known else ""


def web_address(value: str) -> str:
    """The address if it is http or https with a host, no credentials and at most LONGEST_ADDRESS characters, else ""."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return ""
    return value if usable and len(value) <= LONGEST_ADDRESS and not re.search(r"[\s<>\"\\]", value) else ""


def iso_date(value: str) -> str:
    """ISO 8601, partial as given, from "2021-07-15…", "15 July 2021", "July 15, 2021", "15.07.2021"; "" if it is no date."""
    if found := _ISO.match(value):
        year, month, day = found.groups()
    elif found := _WRITTEN.match(value):
        day, month, year = found[1], str(_MONTH_OF.get(found[2].casefold(), 99)), found[3]
    elif found := _AMERICAN.match(value):
        day, month, year = found[2], str(_MONTH_OF.get(found[1].casefold(), 99)), found[3]
    elif found := _DOTTED.match(value):
        day, month, year = found.groups()
    else:
        return ""
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return ""
    return "-".join([year, *(f"{int(part):02d}" for part in (month, day) if part)])


class _PlainYaml(yaml.SafeLoader):
    """YAML without aliases: a few of them, nested, unfold into gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not taken")
        return super().compose_node(parent, index)


def raw_metadata(text: str, form: str) -> Mapping[str, object]:
    """Read a sidecar or front matter; `form` is toml, json or yaml.

    Raises ValueError, with a sentence, for what does not parse, is too long, or is not a table of keys and values.
    """
    if len(text) > LARGEST_RAW:
        raise ValueError(f"it has {len(text):,} characters and may have {LARGEST_RAW:,}")
    try:
        if form == "toml":
            return tomllib.loads(text)
        loaded: object = json.loads(text) if form == "json" else yaml.load(text, Loader=_PlainYaml)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"it is not valid {form.upper()}: {one_line(str(error))[:200]}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ValueError("it is not a table of keys and values")
    return {str(key): value for key, value in loaded.items() if isinstance(key, Hashable)}
