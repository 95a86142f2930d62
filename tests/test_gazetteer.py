"""The gazetteer: its data, exact offsets in three scripts, and the terms it adds to a search."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kb.gazetteer import MAX_EXPANSION, TYPES, Entity, Gazetteer, _folded, _forms, _person_cases, _thing_cases
from kb.language import script

GAZETTEER = Gazetteer.load()
SOURCES = Path(__file__).parents[1] / "corpus" / ".src"
# Names in the corpus's front matter that are a subject, not a thing with a name.
SUBJECTS = {"LPG": "a fuel", "Visa policy": "a field of policy"}


def ids(text: str) -> list[str | None]:
    return [mention.entity_id for mention in GAZETTEER.find(text)]


def owners(field: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entity in GAZETTEER.entities.values():
        for name in getattr(entity, field):
            found.setdefault(_folded(name)[0], set()).add(entity.id)
    return found


def scripts(entity: Entity) -> set[str]:
    return {script(name) for name in (*entity.names, *entity.ambiguous)}


def test_data_names_nobody_twice_without_saying_so() -> None:
    alone, shared = owners("names"), owners("ambiguous")
    assert {name: who for name, who in alone.items() if len(who) > 1} == {}
    assert set(alone) & set(shared) == set()
    assert {name for name, who in shared.items() if len(who) < 2} == set()


def test_no_case_adjective_or_oblique_form_is_anothers_unmarked() -> None:
    """Forms are made of names: of two that differ, the genitive of one may be the other."""
    found: dict[str, set[str]] = {}
    marked: dict[str, set[str]] = {}
    for entity in GAZETTEER.entities.values():
        for form, _ in _forms(entity):
            found.setdefault(_folded(form)[0], set()).add(entity.id)
        if entity.ambiguous:
            first, *others = entity.ambiguous
            for form, _ in _forms(replace(entity, name=first, aliases=tuple(others), stems=(), ambiguous=())):
                marked.setdefault(_folded(form)[0], set()).add(entity.id)
    assert len(found) >= 6000
    assert {form: who for form, who in found.items() if len(who) > 1 and who - marked.get(form, set())} == {}


#: Letters that are written for one another in the three scripts, beyond those that are folded when a text is searched.
_LIKE = {"ئ": "ی", "ے": "ی", "ۓ": "ی", "ې": "ی", "ؤ": "و", "ڪ": "ک", "ں": "ن", "ء": "", "ъ": "", "ь": "", "э": "е", "ы": "и"}
_LATIN = (
    ("kh|x", "h"),
    ("gh", "g"),
    ("q|ck", "k"),
    ("w", "v"),
    ("dzh|zh|dj", "j"),
    ("y|iy", "i"),
    ("u", "o"),
    ("ts", "c"),
    ("['’ʻ]", ""),
)


def likeness(name: str) -> str:
    """What is left of a name when its words stand together and letters that transliterators choose between are one."""
    text = "".join(_LIKE.get(letter, letter) for letter in _folded(name)[0])
    for written, one in _LATIN:
        text = re.sub(written, one, text)
    return re.sub(r"\W", "", text)


def test_no_other_spelling_of_a_name_is_anothers() -> None:
    bearers: dict[str, set[str]] = {}
    for entity in GAZETTEER.entities.values():
        for name in entity.names:
            bearers.setdefault(likeness(name), set()).add(entity.id)
    assert likeness("Khodja Qurghon") == likeness("Xodja Kurgon") and likeness("گوادرئی") == likeness("گوا درےي")
    assert {name: who for name, who in bearers.items() if len(who) > 1} == {}


@pytest.mark.parametrize("entity", GAZETTEER.entities.values(), ids=lambda entity: entity.id)
def test_every_entity_is_well_formed(entity: Entity) -> None:
    assert entity.type in TYPES
    assert re.fullmatch(r"Q[1-9]\d*|(org|project|agreement|port|crossing|place|person):[a-z0-9]+(-[a-z0-9]+)*", entity.id)
    assert bool(entity.countries) is not entity.regional
    assert all(re.fullmatch("[A-Z]{2}", code) for code in entity.countries)
    assert list(entity.countries) == sorted(set(entity.countries))
    assert len({_folded(name)[0] for name in entity.aliases}) >= len(set(entity.aliases)) - 3, "few that differ in dashes only"
    assert entity.name.isascii() or entity.id == "port:turkmenbashi", "the first name is in Latin letters"
    assert not entity.office or entity.type == "person"
    for office in filter(None, entity.office.split("; ")):
        assert re.fullmatch(r".+ \((as of ([A-Z][a-z]+ )?(19|20)\d\d|undated)\)", office)
    assert not entity.wikidata or (re.fullmatch(r"Q[1-9]\d*", entity.wikidata) and not entity.id.startswith("Q"))


def test_no_wikidata_item_stands_for_two() -> None:
    items = Counter(entity.wikidata or entity.id for entity in GAZETTEER.entities.values())
    assert max(items.values()) == 1


def test_ids_never_change() -> None:
    ids = set(GAZETTEER.entities)
    assert {"Q843", "port:gwadar", "org:eco", "project:casa-1000", "agreement:auptt", "person:rahmon", "place:mary"} <= ids
    assert len(ids) >= 510


@pytest.mark.parametrize(
    ("kinds", "cyrillic", "arabic"),
    [
        (("country", "place", "port", "crossing"), 1.0, 0.99),
        (("person",), 0.99, 0.77),
        (("organisation",), 0.76, 0.73),
        (("project",), 0.67, 0.58),
        (("agreement",), 0.78, 0.48),
    ],
)
def test_scripts_are_covered(kinds: tuple[str, ...], cyrillic: float, arabic: float) -> None:
    """Floors: what lacks a form is a company, a document or a person whom no source at hand writes in that script."""
    entities = [scripts(entity) for entity in GAZETTEER.entities.values() if entity.type in kinds]
    assert sum("cyrillic" in found for found in entities) >= cyrillic * len(entities)
    assert sum("arabic" in found for found in entities) >= arabic * len(entities)


@pytest.mark.skipif(not SOURCES.is_dir(), reason="the corpus's sources are not in this checkout")
def test_names_in_the_front_matter_of_the_corpus_are_known() -> None:
    known = owners("names") | owners("ambiguous")
    unknown, seen = set(), set()
    for path in sorted(SOURCES.glob("*/*.md")):
        front = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])
        named = {*front.get("projects", ()), *front.get("parties", ())}
        seen |= named
        unknown |= {(path.name, name) for name in named - set(SUBJECTS) if _folded(name)[0] not in known}
    assert unknown == set()
    assert {"CASA-1000", "Asian Development Bank"} <= seen, "the front matter was read"


SPELLINGS = {
    "person:mirziyoyev": ("مرزیایوف", "Мирзиёева", "Mirziyoyev"),
    "person:sadyr-japarov": ("سادیر جپاروف", "Садыра Жапарова"),
    "person:tokayev": ("توکایف", "Токаева"),
    "Q9365": ("دوشنبہ",),
    "person:umurzakov": ("عمرزاقوف", "Умурзаков"),
    "person:khodjaev": ("خوجائیف", "Ходжаев"),
    "person:kudratov": ("قدرتوف", "Кудратов"),
    "person:tukhtaev": ("تختائیف", "Тухтаев"),
    "person:aloev": ("علوئیف", "Алоев"),
    "person:kistafin": ("کستافین", "Кистафин"),
    "person:kulubaev": ("کولوبائیف", "Кулубаев"),
    "person:maksat-babayev": ("مکسات بابائیف",),
    "person:totuiaev": ("Тотуяев",),
    "person:shehbaz-sharif": ("Шахбаза Шарифа", "شہباز شریف"),
    "project:dosti": ("دوستی-ٹو", "Дости-II"),
}


@pytest.mark.skipif(not SOURCES.is_dir(), reason="the corpus's sources are not in this checkout")
@pytest.mark.parametrize(("entity_id", "spelling"), [(one, spelling) for one, given in SPELLINGS.items() for spelling in given])
def test_spellings_of_the_corpus_are_found_where_it_has_them(entity_id: str, spelling: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*/*.md"))]
    holding = [text for text in texts if spelling in text]
    assert holding, f"no source has {spelling}"
    for text in holding:
        found = [mention for mention in GAZETTEER.find(text) if mention.entity_id == entity_id]
        assert any(spelling in mention.text for mention in found)


@pytest.mark.parametrize("entity_id", list(GAZETTEER.entities))
def test_every_name_is_found_as_a_whole_by_itself(entity_id: str) -> None:
    for name in GAZETTEER.entities[entity_id].names:
        (mention,) = GAZETTEER.find(f"— {name}, …")
        assert (mention.entity_id, mention.text) == (entity_id, name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gwadar, Gawadar, گوادر и Гвадаром", ["port:gwadar"] * 4),
        ("Pakistan’s CASA–1000 and casa 1000", ["Q843", "project:casa-1000", "project:casa-1000"]),
        ("с Узбекистаном, Пакистана, в России", ["Q265", "Q843", "Q159"]),
        ("узбекско-пакистанские переговоры", ["Q265", "Q843"]),
        ("تركمانستان اور كراچي", ["Q874", "Q8660"]),
        ("پَاکِستان", ["Q843"]),
        ("TÜRKMENBAŞY and turkmenbasy", ["port:turkmenbashi"] * 2),
        ("O‘zbekiston", ["Q265"]),
        ("Asian\u00a0Development\nBank", ["org:adb"]),
        ("eco-friendly, sco, Eco, ECO", ["org:eco"]),
        ("Pakistanis, Gwadarian", ["Q843"]),
        ("carec", ["org:carec"]),
        ("UN Security Council", ["org:unsc"]),
        ("Шавката Мирзиёева с Токаевым, Шахбазом Шарифом", ["person:mirziyoyev", "person:tokayev", "person:shehbaz-sharif"]),
        ("Имрана Хана и Имран Хана, Кулубаеву о Тухтаеве", ["person:imran-khan"] * 2 + ["person:kulubaev", "person:tukhtaev"]),
        ("Джамшид Ходжаев, Ходжаевым, Умурзакова", ["person:khodjaev"] * 2 + ["person:umurzakov"]),
        ("Тотуяеву, Кистафиным, Шарифзоде", ["person:totuiaev", "person:kistafin", "person:sharifzoda"]),
        ("Азиатского банка развития, Всемирным банком", ["org:adb", "org:world-bank"]),
        ("в Исламской Республике Пакистан, Центральной Азии", ["Q843", "place:central-asia"]),
        ("Шанхайскую организацию сотрудничества", ["org:sco"]),
        ("صدر شوکت مرزیوئیف، توکایف اور سردار عمرزاقوف", ["person:mirziyoyev", "person:tokayev", "person:umurzakov"]),
        ("جمشید خوجائیف، لازیز قدرتوف، علی شیر تختائیف", ["person:khodjaev", "person:kudratov", "person:tukhtaev"]),
        (
            "بہرام جان علوئیف، کستافین، کولوبائیف، مکسات بابائیف",
            [f"person:{n}" for n in ("aloev", "kistafin", "kulubaev", "maksat-babayev")],
        ),
        ("دوشنبہ میں سادیر جاپاروف، جاپاروف اور جپاروف", ["Q9365", *["person:sadyr-japarov"] * 3]),
        ("پاک ازبک ٹرانزٹ ٹریڈ معاہدے پر", ["agreement:auptt"]),
        ("Torugart, Ghulam Khan, Cherat, Pabbi", ["crossing:torugart", "crossing:ghulam-khan", "place:cherat", "place:pabbi"]),
        ("UAP, UAP Railway, TAP power line", ["project:uap-railway"] * 2 + ["project:tap-power"]),
        ("PTTTA, APTTA, ECO, SCO", ["agreement:pttta", "agreement:aptta", "org:eco", "org:sco"]),
        ("CAREC, QCCM", ["org:carec", "org:qccm"]),
    ],
)
def test_find(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


def test_ambiguous_name_is_linked_only_where_the_text_settles_it() -> None:
    assert ids("The PTA was signed.") == []
    assert ids("The Pakistan-Uzbekistan Preferential Trade Agreement (PTA)") == ["agreement:uz-pk-pta"] * 2
    assert ids("Serdar Berdimuhamedov spoke; Berdimuhamedov left.") == ["person:serdar"] * 2
    assert ids("Gurbanguly Berdimuhamedov and Serdar: Berdimuhamedov") == ["person:gurbanguly"] * 2
    assert ids("Faryal Leghari met Awais Leghari; Leghari spoke.") == ["person:faryal-leghari", "person:awais-leghari"]
    assert ids("Leghari, Sharif, Zardari, Japarov, Жапаров, جاپاروف") == []


def test_names_in_a_list_are_linked_by_each_other_and_what_stands_beside() -> None:
    assert GAZETTEER.linked(("TAP", "Visa policy", "TAPI", "project:casa-1000"), "") == {
        "TAP": "project:tap-power",
        "TAPI": "project:tapi",
        "project:casa-1000": "project:casa-1000",
    }
    assert GAZETTEER.linked(("PTA",), "Trade targets") == GAZETTEER.linked((), "TAPI") == {}
    assert GAZETTEER.linked(("PTA",), "Trade of Pakistan with Uzbekistan") == {"PTA": "agreement:uz-pk-pta"}
    assert GAZETTEER.linked(("news on TAPI", "Transit", "Trade"), "TAPI") == {}  # a name within a value is no name of it


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the PTA with Uzbekistan", ["agreement:uz-pk-pta", "Q265"]),
        ("the PTA of Pakistan and Tajikistan", ["agreement:tj-pk-pta", "Q843", "Q863"]),
        ("Pakistan's PTA", ["Q843"]),
        ("the PTA with Uzbekistan and Tajikistan", ["Q265", "Q863"]),
        ("the strategic partnership of Kazakhstan", ["agreement:kz-pk-strategic-partnership", "Q232"]),
        ("Intergovernmental Commission of Kyrgyzstan", ["org:igc-kg", "Q813"]),
        ("ترکمانستان کے ساتھ ٹرانزٹ ٹریڈ معاہدے", ["Q874", "agreement:tm-pk-transit"]),
    ],
)
def test_shared_name_belongs_to_whose_countries_are_named_most(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


def test_shared_acronym_is_not_of_whom_the_text_calls_by_another() -> None:
    assert ids("neither TAPI nor TAP") == ["project:tapi", "project:tap-power"]
    assert ids("The TAPI pipeline and TAP") == ["project:tapi", "project:tap-power"]
    assert ids("the Trans-Afghanistan Pipeline (TAP)") == ["project:tapi"] * 2
    assert ids("the TAP power line, TAP for short") == ["project:tap-power"] * 2
    assert ids("TAP") == []


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("Шавкат Мирзиёев", ["Шавката Мирзиёева", "Шавкату Мирзиёеву", "Шавкатом Мирзиёевым", "Шавкате Мирзиёеве"]),
        ("Лазиз Кудратов", ["Лазиза Кудратова", "Лазизом Кудратовым"]),
        ("Касым-Жомарт Токаев", ["Касым-Жомарта Токаева", "Касым-Жомартом Токаевым"]),
        ("Эмомали Рахмон", ["Эмомали Рахмона", "Эмомали Рахмоном", "Эмомали Рахмоне"]),
        ("Имран Хан", ["Имрана Хана", "Имран Хана", "Имраном Ханом"]),
        ("Шарифзода Юсуф Тохир", ["Шарифзоды Юсуфа Тохира", "Шарифзоде Юсуфу Тохиру", "Шарифзодой Юсуфом Тохиром"]),
        ("Навид Камар", ["Навида Камара", "Навидом Камаром"]),
        ("Авайс Легари", ["Авайса Легари", "Авайсом Легари"]),
        ("Мухриддинский", ["Мухриддинского", "Мухриддинскому", "Мухриддинским", "Мухриддинском"]),
        ("Юрий Карзай", ["Юрия Карзая", "Юрием Карзаем"]),
    ],
)
def test_russian_cases_of_people(name: str, cases: list[str]) -> None:
    assert set(cases) <= set(_person_cases(name))


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("Узбекистан", ["Узбекистана", "Узбекистану", "Узбекистаном", "Узбекистане"]),
        ("Россия", ["России", "Россию", "Россией"]),
        ("Бухара", ["Бухары", "Бухаре", "Бухару", "Бухарой"]),
        ("Борогиль", ["Борогиля", "Борогилем", "Борогиле"]),
        ("Республика Узбекистан", ["Республики Узбекистан", "Республику Узбекистан", "Республикой Узбекистан"]),
        ("Азиатский банк развития", ["Азиатского банка развития", "Азиатским банком развития", "Азиатском банке развития"]),
        ("Каспийское море", ["Каспийского моря", "Каспийском море", "Каспийским морем"]),
        ("Центральная Азия", ["Центральной Азии", "Центральную Азию"]),
        ("Средняя Азия", ["Средней Азии", "Среднюю Азию"]),
        ("Четырёхстороннее соглашение о транзите", ["Четырёхстороннего соглашения о транзите"]),
        ("Содружество Независимых Государств", ["Содружества Независимых Государств", "Содружеством Независимых Государств"]),
        ("Всемирный банк", ["Всемирного банка", "Всемирным банком", "Всемирном банке"]),
        ("ЕЭК ООН", ["ЕЭК ООН"]),
        ("Душанбе", ["Душанбе"]),
    ],
)
def test_russian_cases_of_things(name: str, cases: list[str]) -> None:
    assert set(cases) <= set(_thing_cases(name))


def test_words_that_do_not_decline_stay() -> None:
    assert set(_thing_cases("ШОС")) == {"ШОС"}
    assert set(_person_cases("Эмомали Гилани")) == {"Эмомали Гилани"}


NAMES = [name for entity in GAZETTEER.entities.values() for name in entity.names]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(NAMES), st.sampled_from([" ", "-", "\u0301", "َ", "\u200c", "İ", "ß", "\n"]), st.text(max_size=5)
        )
    )
)
def test_mentions_are_slices_in_order(parts: list[str]) -> None:
    text = "".join(parts)
    before = 0
    for mention in GAZETTEER.find(text):
        assert before <= mention.start < mention.end
        assert text[mention.start : mention.end] == mention.text
        before = mention.end


@pytest.mark.parametrize(
    ("name", "code"),
    [("pk", "PK"), ("Узбекистан", "UZ"), ("ترکمانستان", "TM"), (" Kyrgyz Republic ", "KG"), ("Gwadar", None), ("", None)],
)
def test_country_code(name: str, code: str | None) -> None:
    assert GAZETTEER.country_code(name) == code


def test_expand_gives_other_scripts_first_and_never_what_was_asked() -> None:
    terms = GAZETTEER.expand("What is shipped through Gawadar?")
    assert {"Gwadar", "Гвадар", "گوادر"} == set(terms[:3])
    assert "Gawadar" not in terms
    assert len(terms) == len(set(terms)) <= MAX_EXPANSION
    assert GAZETTEER.expand("How high is the fee?") == ()
    assert any("Telecommunication" in term for term in GAZETTEER.expand("PTA")), "all bearers of an ambiguous name"
    assert len(GAZETTEER.expand("the transit trade agreement")) <= MAX_EXPANSION, "which divide the number of names"
    settled = GAZETTEER.expand("the transit trade agreement with Tajikistan")
    assert "PTTTA" in settled
    assert not {"AUPTT", "APTTA"} & set(settled)


def test_aliases_of_names_the_entity_and_refuses_an_unknown_one() -> None:
    assert GAZETTEER.aliases_of("agreement:auptt")[:2] == ("AUPTT", "UPTTA")
    with pytest.raises(KeyError):
        GAZETTEER.aliases_of("Q0")


def test_a_text_is_looked_up_by_its_words_and_not_by_each_name() -> None:
    """What makes the gazetteer fast: a look-up for each word, and then few names to compare with."""
    assert sum(map(len, GAZETTEER._by_words.values())) > 3000
    compared = [len(names) for rest in GAZETTEER._by_words.values() for names in rest.values()]
    assert max(compared) <= 24
    assert sum(compared) < 1.5 * len(compared)
