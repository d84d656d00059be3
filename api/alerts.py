"""Alerts: what a person sees of an episode, and how one becomes the next. Pure; the time is passed in.

An alert is opened by the first report of an episode, grows with it, and moves to another wing if a louder report shows
that it stood in the wrong one. Once a person has touched it, it grows but neither moves nor merges; once closed, it
keeps what it has. Whether the phone is still heard is told apart from what people did.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from api.clocks import MAX_AHEAD_US
from api.places import Location, told_wing
from detector.fusion import Episode, Key, Report
from detector.types import Activity, Label, Technology

__all__ = [
    "DOING",
    "MAX_EMISSIONS",
    "Alert",
    "AlertState",
    "Outcome",
    "Priority",
    "Settlement",
    "Summary",
    "Withheld",
    "alert_of",
    "ended",
    "merged",
    "settle",
    "taken_over",
    "why",
]

DOING: Final[Mapping[Activity, str]] = {
    Activity.ACCESS: "access attempts",
    Activity.SIGNALLING: "signalling",
    Activity.CALL: "call",
    Activity.CALL_DTX: "call (silent)",
    Activity.IDLE_CHECK: "idle connection",
    Activity.DATA: "data",
    Activity.UNKNOWN: "transmission",
}


MAX_EMISSIONS: Final = 200
"""An alert takes no more; a phone in its episode leaves some ten at each sensor."""


class AlertState(StrEnum):
    """What people did with an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SEARCH_SENT = "search-sent"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What came of an alert."""

    FOUND = "phone-found"
    NOT_FOUND = "not-found"
    STAFF = "staff-phone"
    OUTSIDE = "outside"
    OTHER = "other"


class Priority(StrEnum):
    """How urgent an alert is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Higher is more urgent."""
        return tuple(Priority).index(self)


class Withheld(StrEnum):
    """Why an alert is recorded and listed, but not announced."""

    ON_DELAY = "on-delay"
    STANDING = "standing"
    SHELVED = "shelved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One probable phone in one wing for one episode.

    Parameters
    ----------
    wing
        None if the phone is probably outside.
    heard_wing
        Where the loudest sensor stands; None on the perimeter. It keeps an episode together, whatever people are told.
    location
        Where the phone probably is; None while nobody asked.
    active
        Whether the phone was heard within the longest pause of an episode; not so if that lies further ahead than any
        evidence that is taken, as once the hub's own clock was set back.
    opened_us, updated_us
        When the phone was first and last heard; microseconds since 1970.
    sensors
        Loudest first.
    emissions, detections
        How much evidence it has.
    merged_into
        The alert that took this one's evidence, once both proved to be one phone.
    version
        How often its state was changed; who changes it says which version they saw.
    waiting_us, escalated_us
        Since when it waits for a person, by the hub's clock, and when it was told that nobody came; None if it does not
        wait, or was not escalated since.
    priority_why
        In one plain sentence; empty while nothing is decided.
    announced_us, announcements
        When people were last told of it, by the hub's clock, and how often.
    withheld
        Why they were not; None if they were, or nothing is decided yet.
    """

    id: int
    wing: str | None
    state: AlertState
    active: bool
    opened_us: int
    updated_us: int
    technology: Technology
    kinds: tuple[Label, ...]
    activity: Activity
    channel: str | None
    freq_lower_hz: float
    freq_upper_hz: float
    snr_db: float
    score: float
    sensors: tuple[str, ...]
    emissions: int
    detections: int
    why: str
    merged_into: int | None = None
    version: int = 0
    outcome: Outcome | None = None
    waiting_us: int | None = None
    escalated_us: int | None = None
    heard_wing: str | None = None
    location: Location | None = None
    priority: Priority = Priority.LOW
    priority_why: str = ""
    announced_us: int | None = None
    announcements: int = 0
    withheld: Withheld | None = None

    @property
    def cell(self) -> str | None:
        """The cell in which the phone probably is, if one can be told."""
        return None if self.location is None else next(iter(self.location.cells), None)

    @property
    def held(self) -> bool:
        """Whether it is in a person's hands: it stays where it is, and is itself."""
        return self.state is not AlertState.CLOSED and (self.state is not AlertState.OPEN or self.version > 0)


HANDLING: Final = (
    "state",
    "version",
    "outcome",
    "waiting_us",
    "escalated_us",
    "priority",
    "priority_why",
    "announced_us",
    "announcements",
    "withheld",
)
"""What people did with an alert, and what they were told of it; no evidence changes it by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Which reports go to which alert.

    Parameters
    ----------
    groups
        An alert's number, None for a new one, and the reports that it gets or keeps.
    merged
        Alerts that end in another one.
    """

    groups: tuple[tuple[int | None, tuple[Key, ...]], ...]
    merged: Mapping[int, int]


class Summary(NamedTuple):
    """All evidence of an alert.

    Parameters
    ----------
    episode
        Its reports, or one of each sensor: the loudest, with the extent, the kinds, the bursts, the best score and the
        detections of all that the sensor gave.
    emissions
        How many reports there are.
    """

    episode: Episode
    emissions: int


def alert_of(summary: Summary, *, number: int, known: Alert | None, now_us: int, gap_us: int) -> Alert:
    """An alert as its evidence has it now.

    Parameters
    ----------
    known
        The alert before, if there was one: what people did with it stays.
    """
    episode = summary.episode
    loudest = episode.loudest
    closed = known is not None and known.state is AlertState.CLOSED
    stays = known if known is not None and (closed or known.held) else None
    location = None if known is None else known.location
    fresh = Alert(
        id=number,
        wing=told_wing(location, episode.wing) if stays is None else stays.wing,
        heard_wing=episode.wing if stays is None else stays.heard_wing,
        location=location,
        state=AlertState.OPEN,
        active=not closed and is_recent(episode.end_us, now_us=now_us, gap_us=gap_us),
        opened_us=episode.start_us,
        updated_us=episode.end_us,
        technology=loudest.technology,
        kinds=episode.kinds,
        activity=episode.activity,
        channel=loudest.channel,
        freq_lower_hz=loudest.freq_lower_hz,
        freq_upper_hz=loudest.freq_upper_hz,
        snr_db=loudest.snr_db,
        score=max(report.score for report in episode.reports),
        sensors=tuple(report.sensor for report in episode.sensors),
        emissions=summary.emissions,
        detections=sum(report.detections for report in episode.reports),
        why=why(episode),
    )
    return fresh if known is None else replace(fresh, **{name: getattr(known, name) for name in HANDLING})


def ended(alert: Alert, *, now_us: int, gap_us: int) -> Alert:
    """The alert, no longer active once its phone was silent for longer than an episode's pause."""
    return replace(alert, active=alert.active and is_recent(alert.updated_us, now_us=now_us, gap_us=gap_us))


def is_recent(heard_us: int, *, now_us: int, gap_us: int) -> bool:
    """Whether a phone that was last heard then may still be on air."""
    return -MAX_AHEAD_US <= now_us - heard_us <= gap_us


def merged(alert: Alert, *, into: int) -> Alert:
    """The alert after all of its evidence went to another one."""
    return replace(
        alert, state=AlertState.CLOSED, active=False, merged_into=into, version=alert.version + 1, waiting_us=None
    )


def taken_over(alert: Alert, gone: Alert) -> Alert:
    """The alert after it took another one's evidence: who was told of that one was told of this one."""
    if alert.announced_us is not None or gone.announced_us is None:
        return alert
    told = ("announced_us", "announcements", "waiting_us", "escalated_us")
    return replace(alert, withheld=None, **{name: getattr(gone, name) for name in told})


def why(episode: Episode) -> str:
    """The evidence in one plain sentence."""
    first, *others = episode.sensors
    where = first.channel or f"{(first.freq_lower_hz + first.freq_upper_hz) / 2e6:.3f} MHz"
    bursts = "1 burst" if episode.bursts == 1 else f"{episode.bursts} bursts"
    heard = f"{first.technology.upper()} {DOING[episode.activity]} on {where}, {bursts} at {round(first.snr_db)} dB"
    place = "perimeter sensor " if first.wing is None else ""
    if not others:
        return f"{heard}, heard by {place}{first.sensor} alone"
    margin = first.power_dbfs - others[0].power_dbfs
    return f"{heard}, loudest at {place}{first.sensor} ({round(margin)} dB over {others[0].sensor})"


def settle(
    found: Sequence[Episode],
    *,
    owners: Mapping[Key, int],
    alerts: Mapping[int, Alert],
    window_us: tuple[int, int],
    limit_us: int,
) -> Settlement:
    """Give the reports of episodes to alerts, so that each episode is one alert.

    Parameters
    ----------
    found
        Episodes around new evidence, in their order.
    owners
        The alert of each report that has one.
    alerts
        All alerts among the owners.
    window_us
        Reports that lie outside this span stay with their alert, whatever the new evidence says.
    limit_us
        An alert takes no emission that begins this long after it was opened.
    """
    groups: list[tuple[int | None, tuple[Key, ...]]] = []
    ends: dict[int, int] = {}
    claimed: set[int] = set()
    for episode in found:
        free = [r for r in episode.reports if is_free(r, owners=owners, alerts=alerts, window_us=window_us)]
        claims = {owners[r.key] for r in free if r.key in owners} - claimed
        claimed |= claims
        takers, merging = agreed(held_by(episode, owners, alerts), claims, alerts=alerts, limit_us=limit_us)
        ends |= merging
        shares: dict[int | None, list[Key]] = {}
        for report in free:
            owner = merging.get(owners.get(report.key, 0), owners.get(report.key))
            taker = owner if owner in takers else first_open(takers, report, alerts=alerts, limit_us=limit_us)
            shares.setdefault(taker, []).append(report.key)
        groups += [(taker, tuple(keys)) for taker, keys in shares.items()]
    return Settlement(groups=tuple(groups), merged=ends)


def is_free(
    report: Report, *, owners: Mapping[Key, int], alerts: Mapping[int, Alert], window_us: tuple[int, int]
) -> bool:
    """Whether a report has no alert yet, or may leave the one that it has."""
    owner = owners.get(report.key)
    if owner is None:
        return True
    inside = report.end_us >= window_us[0] and report.start_us <= window_us[1]
    return inside and alerts[owner].state is AlertState.OPEN and not alerts[owner].held


def held_by(episode: Episode, owners: Mapping[Key, int], alerts: Mapping[int, Alert]) -> set[int]:
    """The alerts in people's hands among the owners of an episode's reports."""
    known = {owners[report.key] for report in episode.reports if report.key in owners}
    return {number for number in known if alerts[number].held}


def agreed(
    held: Collection[int], claims: Collection[int], *, alerts: Mapping[int, Alert], limit_us: int
) -> tuple[list[int], dict[int, int]]:
    """Which of the alerts of one episode stay, those that people hold first, and into which the others merge."""
    takers, merging = sorted(held), {}
    for claim in sorted(claims):
        near = (n for n in takers if may_merge(alerts[claim], alerts[n], limit_us=limit_us))
        taker = next(near, None)
        if taker is None:
            takers.append(claim)
        else:
            merging[claim] = taker
    return takers, merging


def first_open(takers: Iterable[int], report: Report, *, alerts: Mapping[int, Alert], limit_us: int) -> int | None:
    """The first alert that still takes a report; None if that needs a new one."""
    return next((n for n in takers if takes(alerts[n], report, limit_us=limit_us)), None)


def may_merge(alert: Alert, other: Alert, *, limit_us: int) -> bool:
    """Whether two alerts of one episode are small enough to be one."""
    close = abs(alert.opened_us - other.opened_us) <= limit_us
    return close and alert.emissions + other.emissions <= MAX_EMISSIONS


def takes(alert: Alert, report: Report, *, limit_us: int) -> bool:
    """Whether an alert is not yet full."""
    return report.start_us - alert.opened_us <= limit_us and alert.emissions < MAX_EMISSIONS
