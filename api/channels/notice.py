"""What is told to the outside: a notice for each transition, with its facts and never an identity. Values alone.

A notice bears no name of a person and no note: what people write may name somebody. It becomes text or JSON only when it
is sent, by the channel's own language and form.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.alerts import Outcome, Priority
from api.standing import Comparison
from detector.types import Activity, Technology

__all__ = ["AlertFacts", "ChannelFacts", "Kind", "Notice", "Parcel", "StandingFacts", "SupervisionFacts", "TrialFacts"]


class Kind(StrEnum):
    """What happened; what stands before the dot is the group."""

    OPENED = "alert.opened"
    AGAIN = "alert.again"
    CHANGED = "alert.changed"
    ESCALATED = "alert.escalated"
    ACKNOWLEDGED = "alert.acknowledged"
    SEARCH_SENT = "alert.search-sent"
    CLOSED = "alert.closed"
    REOPENED = "alert.reopened"
    MERGED = "alert.merged"
    STANDING_BEGAN = "standing.began"
    STANDING_ACKNOWLEDGED = "standing.acknowledged"
    STANDING_ESCALATED = "standing.escalated"
    STANDING_ENDED = "standing.ended"
    SUPERVISION_RAISED = "supervision.raised"
    SUPERVISION_ENDED = "supervision.ended"
    CHANNEL_FAILED = "channel.failed"
    CHANNEL_RESTORED = "channel.restored"
    TEST = "test"

    @property
    def group(self) -> str:
        """What it is about."""
        return self.partition(".")[0]

    @property
    def has_wing(self) -> bool:
        """Whether it is about one place of the site."""
        return self.group in {"alert", "standing", "supervision"}


GROUPS: Final = tuple(dict.fromkeys(kind.group for kind in Kind))


class Facts(BaseModel):
    """What is known of the thing that a notice is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AlertFacts(Facts):
    """An alert at the moment of its transition.

    ``cells`` are the likeliest, with their probability; none if too little is known. ``sure`` is the probability that an
    unpermitted phone is inside.
    """

    about: Literal["alert"] = "alert"
    alert: int
    opened_us: int
    technology: Technology
    activity: Activity
    channel: str | None
    snr_db: float
    sensors: tuple[str, ...]
    detections: int
    sure: float
    cells: tuple[tuple[str, float], ...]
    outside: float | None
    permitted: float | None
    announcements: int
    outcome: Outcome | None = None
    merged_into: int | None = None


class StandingFacts(Facts):
    """The standing alarm of a busy wing: alerts within so many minutes, and the usual number if it is known."""

    about: Literal["standing"] = "standing"
    standing: int
    began_us: int
    alerts: int
    minutes: float
    usual: float | None
    comparison: Comparison
    cells: tuple[str, ...]


class SupervisionFacts(Facts):
    """Something that makes the system blind or deaf: ``what`` is its kind, ``which`` the sensor, wing or part."""

    about: Literal["supervision"] = "supervision"
    what: str
    which: str
    why: str


class ChannelFacts(Facts):
    """A channel that does not deliver, or does so again."""

    about: Literal["channel"] = "channel"
    channel: str
    since_us: int
    waiting: int
    why: str


class TrialFacts(Facts):
    """Nothing happened: somebody tests the channel."""

    about: Literal["test"] = "test"


AnyFacts = Annotated[
    AlertFacts | StandingFacts | SupervisionFacts | ChannelFacts | TrialFacts, Field(discriminator="about")
]


class Notice(BaseModel):
    """One transition as it is told to the outside.

    Parameters
    ----------
    key
        Names the transition: there is one notice of a key, and each channel is given it once.
    subject
        What the order of notices is kept of, such as one alert.
    at_us
        When it happened, by the hub's clock; microseconds since 1970.
    wing, wing_title
        None for what is outside, or of no wing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kind: Kind
    subject: str
    at_us: int
    site: str
    time_zone: str
    simulated: bool
    wing: str | None
    wing_title: str | None
    priority: Priority
    facts: AnyFacts


class Parcel(BaseModel):
    """A notice on its way through one channel.

    Parameters
    ----------
    id
        The same at each attempt, and never that of another one: by it a peer knows again what it has.
    number
        Counts the notices of the channel, from 1.
    attempts
        How often it was tried before.
    """

    model_config = ConfigDict(frozen=True)

    channel: str
    number: int
    id: str
    notice: Notice
    due_us: int
    attempts: int
