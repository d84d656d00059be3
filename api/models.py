"""Tables. Times are whole microseconds since 1970, UTC; lists and maps are JSON.

`detections`, `transitions` and `sites` are evidence and are only ever added to. `emissions` and `alerts` are what was made of it, `sensors` the last
that each sensor said of itself, `changes` the feed of what people were told, `told` the last word on each thing that
is told anew only when it changes.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from api.actors import Actor, ActorKind
from api.alarms import AlarmAct, AlarmKind, Subject
from api.alerts import AlertState, Outcome, Priority, Withheld
from api.alerts_life import Act
from api.channels.notice import Kind
from api.delivery import Fault, State
from api.places import Evidence, Location
from api.shelving import ShelfKind
from api.standing import Busyness, Comparison
from detector.timing import Slot
from detector.types import Activity, Label, Technology
from detector.wire import Listened

__all__ = [
    "AlarmRow",
    "AlarmTransitionRow",
    "AlertRow",
    "Base",
    "BatchRow",
    "ChangeRow",
    "ChannelRow",
    "CoverageRow",
    "DetectionRow",
    "EmissionRow",
    "LearnedRow",
    "NoticeRow",
    "PhoneTestRow",
    "PulseRow",
    "SensorRow",
    "ShelfRow",
    "SiteRow",
    "StandingRow",
    "ToldRow",
    "TransitionRow",
    "WatchRow",
]

ID = BigInteger().with_variant(Integer, "sqlite")
COUNTED = {"sqlite_autoincrement": True}


READ_ONCE = 4096
"""Texts of a column whose values are remembered: rows by the thousand bear the same few."""


@cache
def word_reader(vocabulary: type[StrEnum]) -> Callable[[str | None], StrEnum | None]:
    """Reads a word of a vocabulary."""
    return lru_cache(READ_ONCE)(lambda text: None if text is None else vocabulary(text))


@cache
def words_reader(vocabulary: type[str]) -> Callable[[str | None], tuple[str, ...]]:
    """Reads a JSON list of words of a vocabulary."""
    return lru_cache(READ_ONCE)(lambda text: () if text is None else tuple(map(vocabulary, json.loads(text) or ())))


@lru_cache(READ_ONCE)
def read_slots(text: str | None) -> tuple[Slot, ...]:
    """Slots from a JSON list of pairs."""
    return () if text is None else tuple(Slot(*slot) for slot in json.loads(text) or ())


class Word(TypeDecorator[StrEnum]):
    """A word of a vocabulary, as text."""

    impl = String
    cache_ok = True

    def __init__(self, vocabulary: type[StrEnum]) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else value.value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], StrEnum | None]:  # noqa: ARG002
        """From the database."""
        return word_reader(self.vocabulary)


class Words(TypeDecorator[tuple[str, ...]]):
    """Several texts, or words of a vocabulary, as a JSON list."""

    impl = JSON
    cache_ok = True

    def __init__(self, vocabulary: type[str] = str) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> list[str]:  # noqa: ARG002
        """To the database."""
        return list(value or ())

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], tuple[str, ...]]:  # noqa: ARG002
        """From the database."""
        return words_reader(self.vocabulary)


class LocationColumn(TypeDecorator[Location]):
    """Where a phone probably is, as JSON."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Location | None, dialect: Dialect) -> dict[str, Any] | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else asdict(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Location | None:  # noqa: ANN401, ARG002
        """From the database."""
        return None if value is None else Location(**value | {"evidence": Evidence(**value["evidence"])})


class ListenedColumn(TypeDecorator[tuple[Listened, ...]]):
    """What a sensor listened to, as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[Listened, ...] | None, dialect: Dialect) -> list[Any]:  # noqa: ARG002
        """To the database."""
        return [asdict(each) for each in value or ()]

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[Listened, ...]:  # noqa: ANN401, ARG002
        """From the database."""
        return tuple(Listened(**each) for each in value or ())


class SlotsColumn(TypeDecorator[tuple[Slot, ...]]):
    """In which slots an emission was heard, as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[Slot, ...] | None, dialect: Dialect) -> list[list[int]]:  # noqa: ARG002
        """To the database."""
        return [list(slot) for slot in value or ()]

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], tuple[Slot, ...]]:  # noqa: ARG002
        """From the database."""
        return read_slots


class ActorColumn(TypeDecorator[Actor]):
    """Who did something, as JSON; what the actor may do is not stored."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Actor | None, dialect: Dialect) -> dict[str, Any] | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else {"name": value.name, "kind": value.kind, "verified": value.verified}

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Actor | None:  # noqa: ANN401, ARG002
        """From the database."""
        return None if value is None else Actor(**value | {"kind": ActorKind(value["kind"])})


class BusynessColumn(TypeDecorator[Busyness]):
    """How busy a wing is, as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Busyness | None, dialect: Dialect) -> dict[str, Any]:  # noqa: ARG002
        """To the database."""
        assert value is not None  # noqa: S101 - the column is never empty
        return asdict(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Busyness:  # noqa: ANN401, ARG002
        """From the database."""
        return Busyness(**value | {"comparison": Comparison(value["comparison"])})


class Base(DeclarativeBase):
    """Root of all tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: String,
        dict[str, float]: JSON,
        Technology: Word(Technology),
        Activity: Word(Activity),
        AlertState: Word(AlertState),
        Outcome: Word(Outcome),
        Act: Word(Act),
        ActorKind: Word(ActorKind),
        Location: LocationColumn(),
        Actor: ActorColumn(),
        Busyness: BusynessColumn(),
        Priority: Word(Priority),
        Withheld: Word(Withheld),
        ShelfKind: Word(ShelfKind),
        AlarmKind: Word(AlarmKind),
        AlarmAct: Word(AlarmAct),
        Subject: Word(Subject),
        Kind: Word(Kind),
        State: Word(State),
        Fault: Word(Fault),
        tuple[Label, ...]: Words(Label),
        tuple[str, ...]: Words(),
        tuple[Listened, ...]: ListenedColumn(),
    }


class BatchRow(Base):
    """A batch that was stored, so that it is known again."""

    __tablename__ = "batches"
    __table_args__ = (Index("ix_batches_received", "detections", "received_us"),)

    sensor: Mapped[str] = mapped_column(primary_key=True)
    boot: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    detections: Mapped[int]
    sent_us: Mapped[int]
    received_us: Mapped[int]


class DetectionRow(Base):
    """A detection as its sensor sent it."""

    __tablename__ = "detections"
    __table_args__ = (
        UniqueConstraint("sensor", "boot", "sequence", "position", name="uq_detections_origin"),
        Index("ix_detections_start", "start_us", "id"),
        Index("ix_detections_sensor", "sensor", "start_us", "id"),
        COUNTED,
    )

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    sensor: Mapped[str]
    boot: Mapped[str]
    sequence: Mapped[int]
    position: Mapped[int]
    technology: Mapped[Technology]
    kinds: Mapped[tuple[Label, ...]]
    activity: Mapped[Activity]
    start_s: Mapped[float]
    end_s: Mapped[float]
    start_us: Mapped[int]
    end_us: Mapped[int]
    freq_lower_hz: Mapped[float]
    freq_upper_hz: Mapped[float]
    channel: Mapped[str | None]
    bursts: Mapped[int]
    snr_db: Mapped[float]
    power_dbfs: Mapped[float]
    score: Mapped[float]
    parts: Mapped[dict[str, float]]
    clipped: Mapped[bool]
    emission: Mapped[int]
    part: Mapped[int]
    last: Mapped[bool]
    profile: Mapped[str]
    gain_db: Mapped[float | None]
    power_dbm: Mapped[float | None]


class EmissionRow(Base):
    """What one sensor knows of one emission by its latest detection, and the alert that it belongs to."""

    __tablename__ = "emissions"
    __table_args__ = (
        Index("ix_emissions_end", "technology", "end_us"),
        Index("ix_emissions_alert", "alert_id"),
    )

    sensor: Mapped[str] = mapped_column(primary_key=True)
    boot: Mapped[str] = mapped_column(primary_key=True)
    emission: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wing: Mapped[str | None]
    technology: Mapped[Technology]
    kinds: Mapped[tuple[Label, ...]]
    activity: Mapped[Activity]
    channel: Mapped[str | None]
    freq_lower_hz: Mapped[float]
    freq_upper_hz: Mapped[float]
    start_us: Mapped[int]
    end_us: Mapped[int]
    bursts: Mapped[int]
    snr_db: Mapped[float]
    power_dbfs: Mapped[float]
    score: Mapped[float]
    part: Mapped[int]
    detections: Mapped[int]
    slots: Mapped[tuple[Slot, ...]] = mapped_column(SlotsColumn())
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"))


class AlertRow(Base):
    """One probable phone in one wing for one episode."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_opened", "opened_us", "id"),
        Index("ix_alerts_active", "active", "wing"),
        Index("ix_alerts_state", "state", "wing"),
        Index("ix_alerts_wing", "wing", "updated_us"),
        Index("ix_alerts_waiting", "state", "escalated_us", "waiting_us"),
        Index("ix_alerts_taught", "taught", "active", "id"),
        Index("ix_alerts_announced", "announced_us"),
        Index("ix_alerts_withheld", "state", "withheld"),
        Index("ix_alerts_cell", "cell", "opened_us"),
        Index("ix_alerts_wing_opened", "wing", "opened_us"),
        COUNTED,
    )

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    wing: Mapped[str | None]
    state: Mapped[AlertState]
    active: Mapped[bool]
    opened_us: Mapped[int]
    updated_us: Mapped[int]
    technology: Mapped[Technology]
    kinds: Mapped[tuple[Label, ...]]
    activity: Mapped[Activity]
    channel: Mapped[str | None]
    freq_lower_hz: Mapped[float]
    freq_upper_hz: Mapped[float]
    snr_db: Mapped[float]
    score: Mapped[float]
    sensors: Mapped[tuple[str, ...]]
    emissions: Mapped[int]
    detections: Mapped[int]
    why: Mapped[str]
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"))
    version: Mapped[int]
    outcome: Mapped[Outcome | None]
    waiting_us: Mapped[int | None]
    escalated_us: Mapped[int | None]
    heard_wing: Mapped[str | None]
    location: Mapped[Location | None]
    taught: Mapped[bool] = mapped_column(default=False)
    cell: Mapped[str | None]
    priority: Mapped[Priority]
    priority_why: Mapped[str]
    announced_us: Mapped[int | None]
    announcements: Mapped[int]
    withheld: Mapped[Withheld | None]


class TransitionRow(Base):
    """Something that was done to an alert, and who did it."""

    __tablename__ = "transitions"
    __table_args__ = (Index("ix_transitions_alert", "alert_id", "id"), COUNTED)

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"))
    version: Mapped[int]
    act: Mapped[Act]
    before: Mapped[AlertState]
    after: Mapped[AlertState]
    at_us: Mapped[int]
    actor: Mapped[str]
    actor_kind: Mapped[ActorKind]
    actor_verified: Mapped[bool]
    note: Mapped[str]
    outcome: Mapped[Outcome | None]
    cell: Mapped[str | None]


class StandingRow(Base):
    """The standing alarm of a busy wing."""

    __tablename__ = "standing_alarms"
    __table_args__ = (Index("ix_standing_ended", "ended_us", "wing"), COUNTED)

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    wing: Mapped[str | None]
    began_us: Mapped[int]
    ended_us: Mapped[int | None]
    told_us: Mapped[int]
    acknowledged_us: Mapped[int | None]
    acknowledged_by: Mapped[Actor | None]
    escalated_us: Mapped[int | None]
    busyness: Mapped[Busyness]


class ShelfRow(Base):
    """A sensor or a wing whose alerts are not announced for a time, and who wanted that."""

    __tablename__ = "shelves"
    __table_args__ = (Index("ix_shelves_ended", "ended_us"), COUNTED)

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    kind: Mapped[ShelfKind]
    name: Mapped[str]
    reason: Mapped[str]
    asked_us: Mapped[int]
    asked_by: Mapped[Actor]
    until_us: Mapped[int]
    since_us: Mapped[int | None]
    confirmed_by: Mapped[Actor | None]
    ended_us: Mapped[int | None]
    ended_by: Mapped[Actor | None]


class SensorRow(Base):
    """The last that a sensor said of itself.

    ``seen_us`` is when its latest heartbeat was made or came, whichever is earlier; ``flowed_us`` the same of the latest
    one in which samples had grown; ``offset_us`` how far its clock is ahead.
    """

    __tablename__ = "sensors"

    name: Mapped[str] = mapped_column(primary_key=True)
    boot: Mapped[str]
    sequence: Mapped[int]
    seen_us: Mapped[int]
    flowed_us: Mapped[int | None]
    sent_us: Mapped[int]
    received_us: Mapped[int]
    offset_us: Mapped[int]
    samples: Mapped[int]
    sample_rate_hz: Mapped[float]
    centre_hz: Mapped[float | None]
    noise_floor_dbfs: Mapped[float | None]
    gaps: Mapped[int]
    clipped_share: Mapped[float]
    queue: Mapped[int]
    profile: Mapped[str]
    lost: Mapped[int]
    dropped: Mapped[int]
    gain_db: Mapped[float | None]
    alarm: Mapped[str | None]
    noise_steps: Mapped[float | None]
    clock_error_s: Mapped[float | None]
    reference_hz: Mapped[float | None]
    reference_dbfs: Mapped[float | None]
    listened: Mapped[tuple[Listened, ...]]


class WatchRow(Base):
    """What is remembered of a sensor so that it can be watched, as JSON."""

    __tablename__ = "watches"

    sensor: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class PulseRow(Base):
    """That the hub lived: ``at_us`` when it last said so, ``awake_us`` since when without a pause; there is one row."""

    __tablename__ = "pulses"

    name: Mapped[str] = mapped_column(primary_key=True)
    at_us: Mapped[int]
    awake_us: Mapped[int]


class AlarmRow(Base):
    """An alarm about the system itself."""

    __tablename__ = "alarms"
    __table_args__ = (Index("ix_alarms_cleared", "cleared_us"), COUNTED)

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    kind: Mapped[AlarmKind]
    subject: Mapped[Subject]
    name: Mapped[str]
    wing: Mapped[str | None]
    bands: Mapped[tuple[str, ...]]
    word: Mapped[str]
    facts: Mapped[dict[str, float]]
    raised_us: Mapped[int]
    acknowledged_us: Mapped[int | None]
    acknowledged_by: Mapped[Actor | None]
    cleared_us: Mapped[int | None]


class AlarmTransitionRow(Base):
    """Something that happened to an alarm about the system itself."""

    __tablename__ = "alarm_transitions"
    __table_args__ = (Index("ix_alarm_transitions_alarm", "alarm_id", "id"), COUNTED)

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"))
    act: Mapped[AlarmAct]
    at_us: Mapped[int]
    actor: Mapped[Actor]
    note: Mapped[str]


class PhoneTestRow(Base):
    """The last time at which a test phone was to speak, and whether it was heard."""

    __tablename__ = "phone_tests"

    name: Mapped[str] = mapped_column(primary_key=True)
    ended_us: Mapped[int]
    heard: Mapped[bool]
    judged_us: Mapped[int]


class CoverageRow(Base):
    """What could have been heard of a band of a wing within an hour."""

    __tablename__ = "coverage"

    hour_us: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wing: Mapped[str] = mapped_column(primary_key=True)
    band: Mapped[str] = mapped_column(primary_key=True)
    listened_share: Mapped[float]
    chances: Mapped[dict[str, float]]
    healthy: Mapped[float]
    sensors: Mapped[int]


class SiteRow(Base):
    """A version of the site: its bytes, where it came from, and who put it in force."""

    __tablename__ = "sites"
    __table_args__ = (COUNTED,)

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    source: Mapped[str]
    digest: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    at_us: Mapped[int]
    actor: Mapped[Actor]


class LearnedRow(Base):
    """What was learned of the site, of which there is one row; ``key`` names the ground that it holds for."""

    __tablename__ = "learned"

    name: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    at_us: Mapped[int]


class ChangeRow(Base):
    """One message of the feed."""

    __tablename__ = "changes"
    __table_args__ = (COUNTED,)

    id: Mapped[int] = mapped_column(ID, primary_key=True)
    kind: Mapped[str]
    at_us: Mapped[int]
    data: Mapped[str]


class ToldRow(Base):
    """What was last told of a wing or a sensor, without what changes all the time."""

    __tablename__ = "told"

    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    essence: Mapped[str]


class NoticeRow(Base):
    """A notice on its way through one channel, or what became of it; each key goes through each channel once."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("channel", "key", name="uq_notices_key"),
        Index("ix_notices_due", "channel", "state", "due_us"),
        Index("ix_notices_subject", "subject", "channel", "number"),
    )

    channel: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str]
    key: Mapped[str]
    kind: Mapped[Kind]
    subject: Mapped[str]
    wing: Mapped[str | None]
    priority: Mapped[Priority]
    at_us: Mapped[int]
    data: Mapped[str]
    state: Mapped[State]
    due_us: Mapped[int]
    attempts: Mapped[int]
    done_us: Mapped[int | None]
    why: Mapped[str]


class ChannelRow(Base):
    """How a channel fares."""

    __tablename__ = "channels"

    channel: Mapped[str] = mapped_column(primary_key=True)
    success_us: Mapped[int | None]
    failing_us: Mapped[int | None]
    fault: Mapped[Fault | None]
    why: Mapped[str]
    alarmed_us: Mapped[int | None]
