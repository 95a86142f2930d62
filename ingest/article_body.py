"""What of an extracted article is not the article's: links to others at its end and between its paragraphs, what stands before
its title; and what the stricter extraction lost between paragraphs that it kept.

Measured on 161 pages whose article people marked, tuned on 95 of them: `benchmarks/reading_html.py`.
"""

from __future__ import annotations

import re
from copy import deepcopy
from difflib import SequenceMatcher

from lxml import etree, html

LINKED = 0.5  # share of a block's letters that are a link's, from which it only leads elsewhere
MOST_LINKS = 0.2  # of the main text's words: a longer list of links is what the page is about
TITLE_WITHIN = 12  # blocks
SHORT = 8  # words of a line that may stand before an article's title: its section, a date, "Advertisement"
LEAST_TITLE = 8  # letters
LEAST_RESTORED = 4  # words of a paragraph: shorter ones were "Explore further", "Advertisement"
MOST_COMPARED = 5000  # blocks: the time grows with the square where they repeat; the longest article that we met has 600

_WORD = re.compile(r"\w+")
_BLOCKS = ("p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "td", "dd", "dt", "blockquote", "figcaption", "div")
LEADS_ELSEWHERE = re.compile(  # what leads to another article, in the languages of the pages that we read
    r"\W*(?:read (?:more|also|next|this)|also read|see (?:also|more)|related|more on this|don[’']?t miss|recommended|more from"
    r"|читайте (?:также|ещ[её]|далее|подробнее)|читать (?:также|ещ[её])|подробнее|смотрите также|по теме|материалы по теме"
    r"|مزید پڑھیں|یہ بھی پڑھیں|بیشتر بخوانید|همچنین بخوانید|o[‘ʻ’'`]qing|o[‘ʻ’'`]qish uchun|тағы оқыңыз|оқи отырыңыз|дагы окуңуз"
    r"|leia (?:também|mais)|lee (?:también|más)|lire aussi|à lire aussi|lesen sie auch|leggi anche)\b",
    re.IGNORECASE,
)


def tidy(body: etree._Element, tree: html.HtmlElement, title: str, milder: etree._Element | None) -> None:
    """Change `body`, trafilatura's, in place. `tree` is the page it came from; `milder` its milder extraction, from which is
    taken what stands between two blocks of `body`: paragraphs with links, headings."""
    shares = _link_shares(tree)
    if milder is not None:
        _restore(body, milder, shares)
    _cut_end(body, shares)
    for element in [*body.iterchildren("p", "head", "quote")]:
        leads = LEADS_ELSEWHERE.match(" ".join(map(str, element.itertext()))) and _is_linked(element, shares)
        if leads and len(body) > 1:
            _remove(element)
    _cut_before_title(body, shares, title)


def words(element: etree._Element) -> list[str]:
    """The words of an element's text, its tail left out."""
    return _WORD.findall(" ".join(map(str, element.itertext())))


def _key(element: etree._Element) -> str:
    return "".join(words(element))


def _link_shares(tree: html.HtmlElement) -> dict[str, float]:
    """By its letters, what share of a paragraph, item, heading or cell of the page is inside links."""
    shares: dict[str, float] = {}
    for element in tree.iter(*_BLOCKS):
        if next(element.iterdescendants(*_BLOCKS), None) is None and (key := _key(element)):
            linked = 1.0 if next(element.iterancestors("a"), None) is not None else 0.0
            linked = linked or sum(len(_key(link)) for link in element.iter("a")) / len(key)
            shares[key] = max(linked, shares.get(key, 0.0))
    return shares


def _is_linked(element: etree._Element, shares: dict[str, float]) -> bool:
    parts = list(element.iterchildren("item")) if element.tag == "list" else [element]
    keys = [_key(part) for part in parts]
    return sum(len(key) * shares.get(key, 0.0) for key in keys) >= LINKED * max(1, sum(map(len, keys)))


def _restore(body: etree._Element, milder: etree._Element, shares: dict[str, float]) -> None:
    ours, theirs = list(body), list(milder)
    if len(ours) + len(theirs) > MOST_COMPARED:
        return
    moves = SequenceMatcher(None, [_key(element) for element in ours], [_key(element) for element in theirs], autojunk=False)
    for move, start, _, first, last in moves.get_opcodes():
        if move == "insert" and 0 < start < len(ours):
            for element in theirs[first:last]:
                is_short = element.tag != "head" and len(words(element)) < LEAST_RESTORED
                if not is_short and not _is_linked(element, shares):
                    ours[start].addprevious(deepcopy(element))


def _cut_end(body: etree._Element, shares: dict[str, float]) -> None:
    """The last blocks that are links to other pages, and the headings over them, if they are few beside the article."""
    room = MOST_LINKS * len(words(body))
    cut: list[etree._Element] = []
    for element in reversed(body):
        room -= len(words(element))
        if room < 0 or not (_is_linked(element, shares) or (cut and element.tag == "head")):
            break
        cut.append(element)
    for element in cut[: len(body) - 1]:
        _remove(element)


def _cut_before_title(body: etree._Element, shares: dict[str, float], title: str) -> None:
    """Short lines and links before the article's title, where it has its title in its text."""
    letters = "".join(_WORD.findall(title)).casefold()
    for index, element in enumerate(list(body)[:TITLE_WITHIN]):
        key = _key(element).casefold() if element.tag == "head" else ""
        if len(key) >= LEAST_TITLE and (key in letters or (letters and letters in key)):
            before = list(body)[:index]
            if all(len(words(line)) <= SHORT or _is_linked(line, shares) for line in before):
                for line in before:
                    _remove(line)
            return


def _remove(element: etree._Element) -> None:
    """Without the text behind it, which is the parent's."""
    parent, previous = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail and previous is not None:
        previous.tail = (previous.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)
