"""The source of an RTF file made ready for striprtf, which decodes its characters but knows no notes, hidden text or tables.

What it would lose is taken out, or marked by characters of Unicode's private use area that the reader looks for in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

NOTE, BOX, ASIDE_END, BREAK, CELL, ROW, HEADING = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004", "\ue005", "\ue010"
LAST_HEADING = chr(ord(HEADING) + 8)  # HEADING and the eight after it: outline levels
DEEPEST = 2000  # groups in one another
_TOKEN = re.compile(r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'[0-9a-f]{2}|\\[^a-z]|[{}]|[^\\{}]+", re.IGNORECASE | re.DOTALL)
_CONTENTS = re.compile(r"\\field\b(?:\\[a-z]+\d*)*\s*\{\\\*\\fldinst\b[^}]{0,80}?\bTOC\b")
_SKIPPED = frozenset(
    "stylesheet colortbl header headerl headerr headerf footer footerl footerr footerf pict object annotation atnid atnauthor "
    "listtable listoverridetable revtbl rsidtbl xe tc fldinst datafield themedata colorschememapping latentstyles datastore "
    "shprslt info ftnsep ftnsepc aftnsep aftnsepc pnseclvl deleted".split()
)
_STARRED = frozenset("shpinst listtext pntext".split())  # groups that a program may skip, and we do not
_PARAGRAPHS = frozenset("par sect page column".split())
_ALWAYS = frozenset("par pard plain f uc cell nestcell row nestrow".split())  # what holds for shown text too
_SPACE = "\\'20"


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until the group ends. `shape`: in a drawing, of which only the text counts; `end`: the mark at its end."""

    skipped: bool = False
    hidden: bool = False
    shape: bool = False
    aside: bool = False
    end: str = ""


def prepared(source: str) -> tuple[str, int]:
    """The source with its notes, boxes, cells and headings marked, without what Word hides; how many characters it hides.

    Raises ValueError for groups nested deeper than DEEPEST.
    """
    out: list[str] = []
    stack: list[_Group] = []
    state, in_table, hidden, starts = _Group(), False, 0, False
    for found in _TOKEN.finditer(source):
        token, word = found[0], found[1]
        if token == "{":
            if len(stack) > DEEPEST:
                raise ValueError(f"it has more than {DEEPEST} groups in one another")
            stack.append(state)
            state = replace(state, end="", skipped=state.skipped or _CONTENTS.match(source, found.end()) is not None)
            out.append(token)
        elif token == "}":
            out.append(_mark(state.end) + token if state.end else token)
            state = stack.pop() if stack else _Group()
        elif token == "\\*" and starts:
            following = _TOKEN.match(source, found.end())
            state = replace(state, skipped=state.skipped or following is None or following[1] not in _STARRED)
        elif token == "\\*":
            pass  # only at the start of a group does it say that the group may be skipped; OpenOffice wrote it elsewhere too
        elif word is None:
            hidden += len(token.strip("\r\n")) if state.hidden and not state.skipped else 0
            out.append("" if state.skipped or state.hidden or state.shape else token)
        else:
            in_table = word == "intbl" or (in_table and word != "pard")
            state = _after(state, word, found[2])
            shown = not (state.skipped or state.shape) and (not state.hidden or word in _ALWAYS)
            out.append(_written(token, word, found[2], (in_table, state.aside)) if shown else "")
        starts = token == "{"
    return "".join(out), hidden


def _after(state: _Group, word: str, argument: str | None) -> _Group:
    """What holds after a control word."""
    if word in _SKIPPED and argument != "0":
        return replace(state, skipped=True)
    if word in ("v", "plain"):
        return replace(state, hidden=word == "v" and argument != "0")
    if word == "shp":
        return replace(state, shape=True)
    if word in ("footnote", "shptxt"):
        return replace(state, shape=False, aside=True, end=ASIDE_END)
    return state


def _written(token: str, word: str, argument: str | None, within: tuple[bool, bool]) -> str:
    """What is written for a control word; `within`: in a table, in a note or box, where a paragraph's end ends no line."""
    in_table, aside = within
    if word in ("footnote", "shptxt"):
        return _mark(NOTE if word == "footnote" else BOX)
    if word in ("cell", "nestcell"):
        return _mark(CELL)
    if word in ("row", "nestrow"):
        return _mark(ROW) + "\\par "
    if word == "outlinelevel" and argument in tuple("012345678"):
        return _mark(chr(ord(HEADING) + int(argument)))
    if word == "line":
        return _SPACE
    if word in _PARAGRAPHS and (aside or in_table):
        return _mark(BREAK) if aside else _SPACE
    return token


def _mark(sign: str) -> str:
    return f"{{\\uc1\\u{ord(sign)}?}}"
