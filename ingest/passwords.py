"""Passwords of locked files, from a file of the operator's. They are never part of a command line, a log or an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from kb.records import SourceFile

MOST = 100  # passwords tried on one file: each costs a key derivation, up to a tenth of a second


@dataclass(frozen=True, slots=True)
class Passwords:
    """Pairs of a glob over uris and a password; not shown by repr."""

    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def of(self, source: SourceFile) -> tuple[str, ...]:
        """Those whose glob matches the source's uri, in the order of the file."""
        return tuple(password for glob, password in self.pairs if fnmatchcase(source.uri, glob))[:MOST]


def passwords_from(path: Path) -> Passwords:
    """Lines of UTF-8: a password for all files, or a glob, a tab and a password; empty lines are passed over.

    Raises ValueError, with the file's name and the line's number, never with what the line holds, for a file that cannot be
    read, is empty, or has a line without a password.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise ValueError(f"the password file {path} cannot be read: {error.strerror or error}; check its name.") from error
    except UnicodeDecodeError:
        raise ValueError(f"the password file {path} is not in UTF-8; save it so.") from None
    pairs = []
    for number, line in enumerate(lines, 1):
        glob, tab, password = line.partition("\t")
        if tab and not (glob and password):
            raise ValueError(f"line {number} of the password file {path} lacks its glob or its password; write both, or none.")
        if line.strip():
            pairs.append((glob, password) if tab else ("*", line))
    if not pairs:
        raise ValueError(f"the password file {path} holds no password; write one a line.")
    return Passwords(tuple(pairs))
