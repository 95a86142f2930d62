"""Files that changed their place, told by their content: renamed, put elsewhere, swapped, a whole folder renamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping


def moved(
    vacated: Mapping[str, str], arrived: Mapping[str, str], gone: Collection[str], is_same: Callable[[str, str], bool]
) -> dict[str, str]:
    """Old uri → new, each at most once.

    `vacated`: uri → content that was there and is there no more, since the file is `gone` or another content took its place;
    `arrived`: uri → content that is there now and was not. Where several fit, a file keeps its name if it can, then by order.

    A file whose place holds new content has moved if that content came from elsewhere itself (`a` swapped with `b`, logs that
    are rotated), or if what lies elsewhere `is_same` (old, new), by its inode. Otherwise a copy was put aside and the file then
    edited: the document stays with its place, and the copy is another document.
    """
    found: dict[str, str] = {}
    olds, news = _by_content(vacated), _by_content(arrived)
    for content, places in news.items():
        if content in olds:
            found |= _paired(olds[content], places)
    while True:
        targets = set(found.values())
        wrong = [old for old, new in found.items() if old not in gone and old not in targets and not is_same(old, new)]
        if not wrong:
            return found
        for old in wrong:
            del found[old]


def _paired(olds: list[str], news: list[str]) -> dict[str, str]:
    by_name = defaultdict(list)
    for new in reversed(news):
        by_name[_name(new)].append(new)
    found = {old: by_name[_name(old)].pop() for old in olds if by_name.get(_name(old))}
    taken = set(found.values())
    rest = zip((old for old in olds if old not in found), (new for new in news if new not in taken), strict=False)
    return found | dict(rest)


def _by_content(places: Mapping[str, str]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for uri in sorted(places):
        found[places[uri]].append(uri)
    return dict(found)


def _name(uri: str) -> str:
    return uri.rpartition("/")[2]
