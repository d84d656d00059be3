"""The profile: every threshold and level that decides what is a detection, as one versioned, hashed value.

Bytes to values and back; who reads or stores the bytes is another's business. A profile is JSON whose keys are exactly
the fields below; its hash is that of its canonical form, so that two files that say the same have the same hash.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, Final, TypeVar, get_type_hints

from detector.gsm.thresholds import GsmThresholds
from detector.lte.thresholds import LteThresholds

__all__ = ["FORMAT", "Levels", "Profile", "ProfileError", "dump_profile", "parse_profile", "profile_hash"]

FORMAT: Final = "wingwatch-profile/1"

T = TypeVar("T")


class ProfileError(ValueError):
    """A profile that does not say what a profile must say; the message names the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Levels that are the same for every technology.

    Parameters
    ----------
    detect_score
        An emission whose score reaches this is a detection.
    store_score
        An emission that ends between this and ``detect_score`` is kept as a candidate.
    repeat_s
        A living emission gives a further detection this long after its last one [s].
    overload_share
        Share of clipped samples in a segment from which the receiver counts as saturated.
    floor_rise, floor_fall
        Share of the way, in decibels, that the learned noise floor goes in one segment when the new one is higher or lower.
    """

    detect_score: float
    store_score: float
    repeat_s: float
    overload_share: float
    floor_rise: float
    floor_fall: float

    def __post_init__(self) -> None:
        if not 0 <= self.store_score <= self.detect_score <= 1:
            raise ProfileError(
                f"levels: store_score={self.store_score} and detect_score={self.detect_score} must be ascending in 0 to 1"
            )
        if not self.repeat_s > 0:
            raise ProfileError(f"levels.repeat_s: {self.repeat_s} is not positive")
        for name in ("overload_share", "floor_rise", "floor_fall"):
            if not 0 < getattr(self, name) <= 1:
                raise ProfileError(f"levels.{name}: {getattr(self, name)} is not in (0, 1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All thresholds, under a name and a version that people use; machines use the hash."""

    name: str
    version: int
    levels: Levels
    gsm: GsmThresholds
    lte: LteThresholds

    @property
    def hash(self) -> str:
        """``sha256:`` and the hash of the canonical form."""
        return profile_hash(self)


def parse_profile(data: bytes) -> Profile:
    """Read a profile.

    Raises
    ------
    ProfileError
        Naming the first key that is missing, unknown or of the wrong type.
    """
    try:
        raw = json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(f"profile: not JSON: {error}") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ProfileError(f"profile: format is not {FORMAT!r}")
    return build(Profile, {key: value for key, value in raw.items() if key != "format"}, "")


def dump_profile(profile: Profile) -> bytes:
    """Write a profile, indented for people, so that :func:`parse_profile` gives it back."""
    return json.dumps({"format": FORMAT} | asdict(profile), indent=2).encode() + b"\n"


def profile_hash(profile: Profile) -> str:
    """Hash of a profile's canonical form: sorted keys, no spaces, every number of a float field as a float."""
    canonical = json.dumps({"format": FORMAT} | asdict(profile), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def build(kind: type[T], raw: Mapping[str, Any], path: str) -> T:
    """Make a frozen dataclass from parsed JSON; errors name the key by its path."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if unknown := sorted(set(raw) - set(names)):
        raise ProfileError(f"{path}{unknown[0]}: unknown key; known are {', '.join(names)}")
    if missing := [name for name in names if name not in raw]:
        raise ProfileError(f"{path}{missing[0]}: missing")
    try:
        return kind(**{name: convert(hints[name], raw[name], f"{path}{name}") for name in names})
    except ProfileError:
        raise
    except ValueError as error:
        raise ProfileError(f"{path.rstrip('.') or 'profile'}: {error}") from error


def convert(hint: Any, value: Any, path: str) -> Any:  # noqa: ANN401 - JSON in, a field's own type out
    """One JSON value as the type that a field asks for: a section, a number, a text or a tuple of integers."""
    if is_dataclass(hint) and isinstance(value, dict):
        return build(hint, value, f"{path}.")  # type: ignore[arg-type]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is float and number and abs(value) < float("inf"):
        return float(value)
    if hint is int and number and isinstance(value, int):
        return value
    if hint is str and isinstance(value, str):
        return value
    if hint == tuple[int, ...] and isinstance(value, list) and all(type(item) is int for item in value):
        return tuple(value)
    raise ProfileError(f"{path}: {value!r} is not {getattr(hint, '__name__', hint)}")
