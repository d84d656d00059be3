"""From parsed JSON to frozen dataclasses, strictly: every field is there, none is unknown, each is of its own type.

Errors name the field by its path. What a value may be beyond its type is for the dataclass to say, in its
``__post_init__``. Bytes are not read here, and nothing is made up: a missing field is an error unless it has a default.
"""

from collections.abc import Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from detector.times import parse_utc

__all__ = ["MAX_NUMBER", "StrictError", "build"]

MAX_NUMBER: Final = 2**62
"""No number is larger, so that every database holds it."""

MAX_ENTRIES: Final = 64
MAX_TEXT: Final = 200

T = TypeVar("T")


class StrictError(ValueError):
    """JSON that is not what its dataclass asks for; the message names the field."""


def build(kind: type[T], raw: Mapping[str, object], path: str = "") -> T:
    """Make a frozen dataclass from a JSON object.

    Parameters
    ----------
    path
        Of the object itself, with its dot: ``detections[3].``.

    Raises
    ------
    StrictError
        Naming the first field that is missing, unknown, of the wrong type or refused by the dataclass.
    """
    known = {f.name: f.default is not MISSING for f in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(raw) - set(known)):
        raise StrictError(f"{path}{unknown[0]}: unknown field; known are {', '.join(known)}")
    if missing := [name for name, optional in known.items() if not optional and name not in raw]:
        raise StrictError(f"{path}{missing[0]}: missing")
    hints = hints_of(kind)  # type: ignore[arg-type]
    values = {name: convert(hints[name], value, f"{path}{name}") for name, value in raw.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise StrictError(f"{path}{error}") from error


@lru_cache
def hints_of(kind: Hashable) -> Mapping[str, Any]:
    """Types of a dataclass's fields by their names."""
    return get_type_hints(kind)


def convert(hint: Any, value: object, path: str) -> Any:  # noqa: ANN401 - JSON in, a field's own type out
    """One JSON value as the type that a field asks for."""
    origin = get_origin(hint)
    if origin is UnionType:
        return None if value is None else convert(get_args(hint)[0], value, path)
    if origin is tuple and isinstance(value, list):
        item = get_args(hint)[0]
        return tuple(convert(item, each, f"{path}[{index}]") for index, each in enumerate(value))
    if origin is Mapping and isinstance(value, dict) and len(value) <= MAX_ENTRIES:
        return {convert(str, key, path): convert(float, each, f"{path}.{key}") for key, each in value.items()}
    if is_dataclass(hint) and isinstance(value, dict):
        return build(hint, value, f"{path}.")  # type: ignore[arg-type]
    if isinstance(value, str):
        return from_text(hint, value, path)
    if hint is bool and isinstance(value, bool):
        return value
    if isinstance(value, int | float) and type(value) in (int, hint) and abs(value) <= MAX_NUMBER:
        return hint(value)
    raise StrictError(f"{path}: {shown(value)} is not {wanted(hint)}")


def from_text(hint: Any, value: str, path: str) -> object:  # noqa: ANN401 - a field's own type out
    """A text, a time or a word of a vocabulary."""
    if hint is str and len(value) <= MAX_TEXT and value.isprintable():
        return value
    try:
        if hint is datetime:
            return parse_utc(value)
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return hint(value)
    except ValueError as error:
        raise StrictError(f"{path}: {shown(value)} is not {wanted(hint)}") from error
    raise StrictError(f"{path}: {shown(value)} is not {wanted(hint)}")


def shown(value: object) -> str:
    """A value as an error shows it, cut short."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def wanted(hint: Any) -> str:  # noqa: ANN401 - a type hint
    """A type as an error names it."""
    plain = {int: "a whole number", float: "a number", bool: "true or false", datetime: "a time in UTC ending with Z"}
    if hint is str:
        return f"a printable text of at most {MAX_TEXT} characters"
    if get_origin(hint) is tuple:
        return "a list"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return f"one of {', '.join(hint)}"
    return plain.get(hint, "an object")
