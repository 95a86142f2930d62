"""What the modules of commands share: the type of the parser they add to, and kinds of arguments."""

from __future__ import annotations

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # argparse has no public name for it


def count(value: str) -> int:
    """A whole number from 1 to 256. Raises argparse's error, which names the value."""
    if not value.isdecimal() or not 1 <= int(value) <= 256:
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number from 1 to 256")
    return int(value)
