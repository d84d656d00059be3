"""The profile: every threshold and level that decides what is a detection, as one versioned, hashed value.

Bytes to values and back; who reads or stores the bytes is another's business. A profile is JSON whose keys are exactly
the fields below; its hash is that of its canonical form, so that two files that say the same have the same hash.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final

from detector.gsm.thresholds import GsmThresholds
from detector.lte.thresholds import LteThresholds
from detector.receiver import ReceiverLevels
from detector.strict import StrictError, build

__all__ = ["FORMAT", "Levels", "Profile", "ProfileError", "dump_profile", "parse_profile", "profile_hash"]

FORMAT: Final = "wingwatch-profile/1"


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
    forget_s
        An emission of which nothing was said for this long is over; its number is not given again [s].
    overload_share
        Share of clipped samples in a segment from which the receiver counts as saturated.
    shadow_cover
        Share of a GSM burst's time from which LTE bursts on its frequency cover it.
    shadow_share
        Share of a GSM emission's bursts from which it is the shadow of known LTE phones, whose bursts cover them.
    shortest_steps
        A run of fewer transform steps is over before a burst could be told from a click; it is not searched.
    floor_quantile
        Place among the powers of one bin, in (0, 1), by which its noise is judged.
    floor_rise, floor_fall
        Share of the way, in decibels, that the learned noise floor goes in one segment when the new one is higher or lower.
    """

    detect_score: float
    store_score: float
    repeat_s: float
    forget_s: float
    overload_share: float
    shadow_share: float
    shadow_cover: float
    shortest_steps: int
    floor_quantile: float
    floor_rise: float
    floor_fall: float

    def __post_init__(self) -> None:
        if not 0 <= self.store_score <= self.detect_score <= 1:
            raise ValueError(
                f"store_score={self.store_score} and detect_score={self.detect_score} must be ascending in 0 to 1"
            )
        for name in ("shadow_share", "shadow_cover", "repeat_s", "forget_s", "shortest_steps"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: {getattr(self, name)} is not positive")
        if not 0 < self.floor_quantile < 1:
            raise ValueError(f"floor_quantile: {self.floor_quantile} is not between 0 and 1")
        for name in ("overload_share", "floor_rise", "floor_fall"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)} is not in (0, 1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All thresholds, under a name and a version that people use; machines use the hash."""

    name: str
    version: int
    levels: Levels
    receiver: ReceiverLevels
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
    try:
        return build(Profile, {key: value for key, value in raw.items() if key != "format"})
    except StrictError as error:
        raise ProfileError(f"profile: {error}") from error


def dump_profile(profile: Profile) -> bytes:
    """Write a profile, indented for people, so that :func:`parse_profile` gives it back."""
    return json.dumps({"format": FORMAT} | asdict(profile), indent=2).encode() + b"\n"


def profile_hash(profile: Profile) -> str:
    """Hash of a profile's canonical form: sorted keys, no spaces, every number of a float field as a float."""
    canonical = json.dumps({"format": FORMAT} | asdict(profile), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
