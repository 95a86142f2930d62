"""A bounded memory of what was last read: questions on one subject read the same passages again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `size` values by key; of more the longest unread is forgotten. Safe in threads. Values must not be changed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, keys: Iterable[K], load: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """Values by key, those that are not remembered from one call of `load`; keys that it does not give are missing."""
        found: dict[K, V] = {}
        missing: list[K] = []
        with self._lock:
            for key in dict.fromkeys(keys):
                if key in self._values:
                    self._values.move_to_end(key)
                    found[key] = self._values[key]
                else:
                    missing.append(key)
        if missing:
            loaded = load(missing)  # outside the lock: two threads may read the same twice, none waits for another's disk
            found.update(loaded)
            with self._lock:
                self._values.update(loaded)
                while len(self._values) > self._size:
                    self._values.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._values)
