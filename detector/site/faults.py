"""Reads the entries of a site one value at a time and collects what is wrong, so that every fault is named at once."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

__all__ = ["Entry", "Faults", "SiteError"]

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
MAX_TEXT: Final = 200
MAX_M: Final = 1e6

T = TypeVar("T")


class SiteError(ValueError):
    """A site that cannot be used; ``faults`` are all that is wrong, each with its entry and key, one line each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class Faults:
    """What was found wrong so far."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, what: str, reason: str) -> None:
        """Note a fault of an entry."""
        self.found.append(": ".join(part for part in ("site", what, reason) if part))

    def entries(self, raw: dict[str, Any], kind: str) -> list["Entry"]:
        """The entries of one kind; none if the key is missing."""
        value = raw.get(kind, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.found.append(f"site: {kind} is {shown(value)}; expected [[{kind}]] tables")
            return []
        return [Entry(entry, f"{kind} {shown(entry.get('name', ''))}", self) for entry in value]


class Entry:
    """One table of a site: gives its values, or a stand-in and a note of what is wrong with them."""

    def __init__(self, raw: dict[str, Any], what: str, faults: Faults) -> None:
        self._raw = raw
        self._faults = faults
        self._asked: set[str] = set()
        self.what = what

    def __contains__(self, key: str) -> bool:
        return key in self._raw

    def within(self, key: str, raw: dict[str, Any]) -> "Entry":
        """A table of the entry's own."""
        return Entry(raw, f"{self.what}: {key}", self._faults)

    def allow(self, *keys: str) -> None:
        """Know some keys that may be missing."""
        self._asked.update(keys)

    def wrong(self, key: str, expected: str) -> None:
        """Note that a value is not what it must be."""
        self._faults.add(self.what, f"{key} is {shown(self._raw.get(key))}; expected {expected}")

    def get(self, key: str) -> Any:  # noqa: ANN401 - TOML in
        """A value as it stands."""
        self._asked.add(key)
        return self._raw.get(key)

    def finish(self) -> None:
        """Note the keys that nobody asked for."""
        for key in sorted(self._raw.keys() - self._asked):
            self._faults.add(self.what, f"{key}: unknown key; known are {', '.join(sorted(self._asked))}")

    def text(self, key: str, *, most: int = MAX_TEXT) -> str:
        """A text that is not empty."""
        value = self.get(key)
        if isinstance(value, str) and 0 < len(value) <= most and value.isprintable():
            return value
        self.wrong(key, f"a text of at most {most} characters")
        return ""

    def name(self, key: str = "name") -> str:
        """A name as it goes over the wire."""
        value = self.get(key)
        if isinstance(value, str) and NAME.fullmatch(value):
            return value
        self.wrong(key, "1 to 64 letters, digits and ._:-")
        return ""

    def number(self, key: str, *, low: float = -MAX_M, high: float = MAX_M) -> float:
        """A number within bounds."""
        value = self.get(key)
        if is_number(value) and low <= value <= high:
            return float(value)
        self.wrong(key, f"a number from {low:g} to {high:g}")
        return 0.0

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """So many finite numbers [m]."""
        value = self.get(key)
        if isinstance(value, list) and len(value) == count and all(map(is_number, value)):
            return tuple(float(v) for v in value)
        self.wrong(key, f"{'three' if count == 3 else 'two'} numbers [m]")
        return (0.0,) * count

    def size(self, key: str) -> tuple[float, float, float]:
        """Three numbers above zero [m]."""
        before = len(self._faults.found)
        x, y, z = self.numbers(key, 3)
        if min(x, y, z) <= 0 and len(self._faults.found) == before:
            self.wrong(key, "three numbers above zero [m]")
        return x, y, z

    def each(self, key: str, read: Callable[[Any], T], expected: str) -> tuple[T, ...]:
        """A list, each item read by a function that raises ValueError; none if the key is missing."""
        value = self.get(key)
        if value is None:
            return ()
        try:
            if isinstance(value, list):
                return tuple(read(item) for item in value)
        except ValueError as error:
            self._faults.add(self.what, f"{key}: {error}")
            return ()
        self.wrong(key, expected)
        return ()


def is_number(value: object) -> bool:
    """Whether a TOML value is a finite number of a sane size."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_M


def shown(value: object) -> str:
    """A value as a fault shows it, cut short and in one line."""
    text = ascii(value) if isinstance(value, bytes) else repr(value)
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
