"""All scopes of a run compared with the store, moves between them found, and those left out whose removals are not believable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.discovery import Discovery, Seen, discover
from ingest.guard import refusal
from ingest.plan import Difference, Scope, Versions, Wish, difference, with_moves
from kb.records import Failure, Planned
from kb.source_files import KnownFile
from kb.staging import KnownSource


@dataclass(frozen=True, slots=True)
class Memory:
    """What the store knows of a collection: by file uri."""

    sources: Mapping[str, KnownSource] = field(default_factory=dict)
    files: Mapping[str, KnownFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`differences` of the scopes that are to be brought in line; `failures` of all, those of refused scopes among them.

    `known` is what the store knows in all of the scopes, by uri; `moves`: old uri → new.
    """

    differences: tuple[Difference, ...]
    failures: tuple[Failure, ...]
    known: Mapping[str, KnownSource]

    @property
    def moves(self) -> dict[str, str]:
        return {old: new for one in self.differences for old, new in one.moved.items()}

    @property
    def replaced(self) -> set[str]:
        """Known files whose place another took that had moved, and that did not move themselves."""
        moves = self.moves
        return {new for new in moves.values() if new in self.known and new not in moves}

    def planned(self) -> tuple[Planned, ...]:
        """What would be done to each file that is not as it was, by uri."""
        before = {new: old for old, new in self.moves.items()}
        listed = [Planned(file.uri, "added") for one in self.differences for file in one.added]
        for one in self.differences:
            listed += [Planned(change.file.uri, "changed", change.reason) for change in one.changed if not change.before]
            again = {change.file.uri: change.reason for change in one.changed if change.before}
            listed += [Planned(new, "moved", again.get(new, ""), before[new]) for new in one.moved.values()]
            listed += [Planned(uri, "removed") for uri in one.gone]
            listed += [Planned(uri, "postponed", reason) for uri, reason in one.postponed.items()]
        listed += [Planned(uri, "removed", "replaced") for uri in self.replaced]
        return tuple(sorted(listed, key=lambda item: item.uri))


@dataclass(frozen=True, slots=True)
class Rules:
    """How to compare. `tick` is told the number of files looked at, now and then, and may raise."""

    versions: Versions
    wish: Wish
    trust_mtime: bool = False
    allow_removals: bool = False
    tick: Callable[[int], None] = lambda looked_at: None


def compare(scopes: Sequence[Scope], remember: Callable[[str], Memory], rules: Rules) -> tuple[Comparison, list[Discovery]]:
    """Compare each scope with what `remember` tells of its collection; and what was discovered in each."""
    plain, discoveries = [], []
    files: dict[str, KnownFile] = {}
    for scope in scopes:
        memory = remember(scope.collection)
        files |= memory.files
        seen = Seen(memory.files if rules.trust_mtime else {}, rules.tick, scope.prefix)
        found = discover(scope.root, scope.collection, seen) if scope.root.is_dir() else Discovery((), ())
        discoveries.append(found)
        plain.append(difference(scope, found, memory.sources, rules.versions, rules.wish))
    failures = [failure for one in plain for failure in one.failures]
    known = {uri: entry for one in plain for uri, entry in one.known.items()}
    while True:  # a scope that is left out may be where another's files went
        moved = with_moves(plain, files, rules.versions, rules.wish)
        refused = {} if rules.allow_removals else {i: told for i, one in enumerate(moved) if (told := refusal(one))}
        if not refused:
            return Comparison(tuple(moved), tuple(failures), known), discoveries
        failures += refused.values()
        plain = [one for i, one in enumerate(plain) if i not in refused]
