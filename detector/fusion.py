"""Association: which reports of several sensors are one phone, and in which wing it is.

Two steps, both over a set of reports, so that their order of arrival does not matter. Reports that agree in technology,
channel and time are one transmission, unless their frame timing says that they are of several phones; it is in the wing
of the sensor that heard it loudest. Transmissions of one wing and channel with short pauses between them are one episode.
Nothing is remembered here, and what a report means to people is for the hub to say.

Limits: phones that send at once on one carrier without slots, as LTE's do, are told apart only where no sensor hears
both; the power of sensors is compared as it comes, so their gains must agree.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias, TypeVar

from detector.timing import NEAR_US, Clock, Offsets, Slot, apart, misfit_us, offset_between
from detector.types import Activity, Label, Technology

__all__ = [
    "NO_OFFSETS",
    "Band",
    "Episode",
    "Key",
    "Report",
    "episodes",
    "gathered",
    "later",
    "most_telling",
    "near",
    "same_channel",
    "transmissions",
]

Key: TypeAlias = tuple[str, str, int]
"""Sensor, boot and emission: names one emission as one sensor heard it."""

ACTIVITIES: Final = (
    Activity.UNKNOWN,
    Activity.ACCESS,
    Activity.IDLE_CHECK,
    Activity.SIGNALLING,
    Activity.DATA,
    Activity.CALL_DTX,
    Activity.CALL,
)
"""Ascending by how much of a phone's doing each tells."""

Span = TypeVar("Span", "Report", "Episode")
Kind = TypeVar("Kind", bound=Hashable)

NO_OFFSETS: Final[Offsets] = MappingProxyType({})

CLEAR_SNR_DB: Final = 6.0
"""Where nobody says from which SNR reports are clear; the hub's settings do."""

MOST_COMPARED: Final = 64
"""More than so many at one time on one channel come from something that raves, and are not told apart."""

SHARED: Final = 0.5
"""Two emissions are on one channel if they share at least this part of the narrower one's width.

Geometry, not a threshold: of bands that do not overlap, at most one holds more than half of another band. With less, a
band that straddles two channels would be of both and join them; with more, it could be of neither."""


class Band(NamedTuple):
    """Where in the spectrum something was heard."""

    technology: Technology
    channel: str | None
    lower_hz: float
    upper_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What tells phones of one time and channel apart.

    Parameters
    ----------
    tolerance_us
        So much the clocks differ at most.
    clear_snr_db
        Only reports of this SNR say that two are not one phone: weaker ones may hold bursts that nobody sent.
    offsets
        Of the sensors' clocks, modulo the frame, where they are known.
    """

    tolerance_us: int
    clear_snr_db: float
    offsets: Offsets = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one sensor knows of one emission, by its latest detection.

    Parameters
    ----------
    wing
        In which the sensor stands; None on the perimeter.
    start_us, end_us
        Microseconds since 1970, by a clock that all sensors share as well as theirs agree.
    part
        Of the latest detection.
    detections
        How many there were so far.
    slots
        In which places of its frame it was heard, by the sensor's own clock; none where it has no frame.
    """

    sensor: str
    boot: str
    emission: int
    wing: str | None
    technology: Technology
    kinds: tuple[Label, ...]
    activity: Activity
    channel: str | None
    freq_lower_hz: float
    freq_upper_hz: float
    start_us: int
    end_us: int
    bursts: int
    snr_db: float
    power_dbfs: float
    score: float
    part: int
    detections: int = 1
    slots: tuple[Slot, ...] = ()

    @property
    def clock(self) -> Clock:
        """What dates its bursts."""
        return self.sensor, self.boot

    @property
    def key(self) -> Key:
        """What tells it from all other reports."""
        return self.sensor, self.boot, self.emission

    @property
    def access_us(self) -> int | None:
        """When its phone asked for the network; None if it was not heard to."""
        return self.start_us if Label.GSM_AB in self.kinds else None

    @property
    def band(self) -> Band:
        """Where in the spectrum it was heard."""
        return Band(self.technology, self.channel, self.freq_lower_hz, self.freq_upper_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Reports that are probably one phone in one wing, sorted by their keys; never empty."""

    reports: tuple[Report, ...]

    @property
    def loudest(self) -> Report:
        """The report of the highest power: it decides on the wing and stands for the whole."""
        return loudest(self.reports)

    @property
    def wing(self) -> str | None:
        """Where the phone probably is; None if a sensor on the perimeter heard it loudest."""
        return self.loudest.wing

    @property
    def start_us(self) -> int:
        """When it was first heard."""
        return min(report.start_us for report in self.reports)

    @property
    def end_us(self) -> int:
        """When it was last heard."""
        return max(report.end_us for report in self.reports)

    @property
    def kinds(self) -> tuple[Label, ...]:
        """Labels of all bursts, sorted."""
        return tuple(sorted({kind for report in self.reports for kind in report.kinds}))

    @property
    def activity(self) -> Activity:
        """What the phone did most, by the sensor that heard it loudest."""
        sensor = self.loudest.sensor
        return most_telling(r.activity for r in self.reports if r.sensor == sensor)

    @property
    def sensors(self) -> tuple[Report, ...]:
        """The loudest report of each sensor, loudest first."""
        by_sensor: dict[str, Report] = {}
        for report in sorted(self.reports, key=loudness, reverse=True):
            by_sensor.setdefault(report.sensor, report)
        return tuple(by_sensor.values())

    @property
    def bursts(self) -> int:
        """Bursts measured by the sensor that heard it loudest."""
        sensor = self.loudest.sensor
        return sum(report.bursts for report in self.reports if report.sensor == sensor)


def later(known: Report, fresh: Report) -> Report:
    """Two states of one emission as one: the latest part tells, over the whole extent.

    The power is the highest that it ever had, so that the wing moves only to where something louder was heard, and
    not to and fro.
    """
    latest = fresh if fresh.part > known.part else known
    return replace(
        latest,
        start_us=min(known.start_us, fresh.start_us),
        end_us=max(known.end_us, fresh.end_us),
        power_dbfs=max(known.power_dbfs, fresh.power_dbfs),
        detections=known.detections + fresh.detections,
    )


def episodes(
    reports: Iterable[Report],
    *,
    tolerance_us: int,
    gap_us: int,
    held: Mapping[Key, str | None] = MappingProxyType({}),
    offsets: Offsets = NO_OFFSETS,
    clear_snr_db: float = CLEAR_SNR_DB,
) -> tuple[Episode, ...]:
    """Part reports into episodes.

    Parameters
    ----------
    reports
        In any order; each key once.
    tolerance_us
        Reports that miss each other by no more than this are of one time: the sensors' clocks differ.
    gap_us
        Longest pause within an episode.
    held
        Reports whose wing a person has settled: what was sent with them counts as of that wing, whoever heard it loudest.
    offsets, clear_snr_db
        As in :class:`Telling`.

    Returns
    -------
    tuple of Episode
        Every report in one of them, ordered by start.
    """
    telling = Telling(offsets=offsets, tolerance_us=tolerance_us, clear_snr_db=clear_snr_db)
    heard = transmissions(reports, telling)
    chains = components(
        heard,
        lambda transmission: (wing_of(transmission, held), transmission.loudest.band),
        lambda a, b: a[0] == b[0] and same_channel(a[1], b[1]),
        reach_us=gap_us,
    )
    lanes = [lane for chain in chains for lane in parted(chain, telling)]
    whole = [gathered(report for part in lane for report in part.reports) for lane in lanes]
    return tuple(sorted(whole, key=lambda episode: (episode.start_us, episode.reports[0].key)))


def transmissions(reports: Iterable[Report], telling: Telling) -> list[Episode]:
    """Part reports into what one phone sent at one time on one channel, whoever heard it."""
    groups = components(reports, band_of, same_channel, reach_us=telling.tolerance_us)
    alone = [[gathered([report]) for report in group] for group in groups]
    return [gathered(r for part in phone for r in part.reports) for group in alone for phone in parted(group, telling)]


def parted(spans: Sequence[Episode], telling: Telling) -> list[list[Episode]]:
    """Part what hangs together in time and channel among the phones that its frame timing tells.

    All is one phone where nothing contradicts. Otherwise what has slots in common comes together first, then what has
    most time in common, and what contradicts stays apart.
    """
    ordered = sorted(spans, key=lambda span: span.reports[0].key)
    timed = [index for index, span in enumerate(ordered) if any(map(is_timed, span.reports))]
    if len(timed) > MOST_COMPARED:
        return [ordered]
    foes: dict[int, set[int]] = {index: set() for index in range(len(ordered))}
    for i, k in combinations(timed, 2):
        if contradict(ordered[i], ordered[k], telling):
            foes[i].add(k)
            foes[k].add(i)
    if not any(foes.values()):
        return [ordered]
    return [[ordered[index] for index in phone] for phone in united(ordered, foes, telling)]


def united(spans: Sequence[Episode], foes: Mapping[int, Collection[int]], telling: Telling) -> list[list[int]]:
    """Unite spans, the nearest first, as long as no foes come together; gives their indexes."""
    phones = [{index} for index in range(len(spans))]
    pairs = combinations(range(len(spans)), 2)
    nearest = sorted(pairs, key=lambda pair: affinity(spans[pair[0]], spans[pair[1]], telling), reverse=True)
    for i, k in nearest:
        ours, theirs = (next(phone for phone in phones if index in phone) for index in (i, k))
        if ours is not theirs and not any(foe in theirs for index in ours for foe in foes[index]):
            ours |= theirs
            phones = [phone for phone in phones if phone is not theirs]
    return [sorted(phone) for phone in phones]


def is_timed(report: Report) -> bool:
    """Whether a report tells when in the network's time it was sent."""
    return bool(report.slots) or report.access_us is not None


def contradict(a: Episode, b: Episode, telling: Telling) -> bool:
    """Whether timing says that two are not one phone."""
    clear = ([r for r in one.reports if r.snr_db >= telling.clear_snr_db] for one in (a, b))
    return any(other_slot(x, y, telling) or other_access(x, y, telling) for x, y in product(*clear))


def other_slot(a: Report, b: Report, telling: Telling) -> bool:
    """Whether two reports are of phones in different slots at one time."""
    if not (a.slots and b.slots):
        return False
    ahead_us = offset_between(a.clock, b.clock, telling.offsets)
    return ahead_us is not None and apart(a.slots, b.slots, ahead_us=ahead_us)


def other_access(a: Report, b: Report, telling: Telling) -> bool:
    """Whether two reports are of phones on air together that asked for the network at different times."""
    if a.access_us is None or b.access_us is None:
        return False
    together = a.start_us <= b.end_us and b.start_us <= a.end_us
    return together and abs(a.access_us - b.access_us) > telling.tolerance_us


def affinity(a: Episode, b: Episode, telling: Telling) -> tuple[int, float]:
    """How much two have in common: reports whose slots agree, and the share of their time, below zero for a pause."""
    slots = sum(agree(x, y, telling) for x, y in product(a.reports, b.reports))
    together_us = min(a.end_us, b.end_us) - max(a.start_us, b.start_us)
    return slots, together_us / max(1, max(a.end_us, b.end_us) - min(a.start_us, b.start_us))


def agree(a: Report, b: Report, telling: Telling) -> bool:
    """Whether two reports have a slot in common."""
    ahead_us = offset_between(a.clock, b.clock, telling.offsets)
    if ahead_us is None:
        return False
    return any(abs(misfit_us(x.last_us + ahead_us, y.last_us)) <= NEAR_US for x in a.slots for y in b.slots)


def wing_of(transmission: Episode, held: Mapping[Key, str | None]) -> str | None:
    """The wing that a transmission counts as of."""
    return next((held[r.key] for r in transmission.reports if r.key in held), transmission.wing)


def near(reports: Iterable[Report], seeds: Iterable[Key], *, gap_us: int) -> list[Report]:
    """The reports that may share an episode with one of the seeds, directly or through others."""
    wanted = set(seeds)
    groups = components(reports, band_of, same_channel, reach_us=gap_us)
    return [report for group in groups if any(r.key in wanted for r in group) for report in group]


def same_channel(a: Band, b: Band) -> bool:
    """Whether two bands agree in technology and channel; a shared carrier edge is not enough."""
    if a.technology != b.technology:
        return False
    if a.channel is not None and a.channel == b.channel:
        return True
    shared_hz = min(a.upper_hz, b.upper_hz) - max(a.lower_hz, b.lower_hz)
    return shared_hz >= SHARED * min(a.upper_hz - a.lower_hz, b.upper_hz - b.lower_hz)


def band_of(report: Report) -> Band:
    """Where in the spectrum a report was heard."""
    return report.band


def loudness(report: Report) -> tuple[float, Key]:
    """Orders reports by power; the key settles a draw, so that no order of arrival can."""
    return report.power_dbfs, report.key


def loudest(reports: Iterable[Report]) -> Report:
    """The report of the highest power."""
    return max(reports, key=loudness)


def most_telling(activities: Iterable[Activity]) -> Activity:
    """What tells most of a phone's doing."""
    return max(activities, key=ACTIVITIES.index)


def gathered(reports: Iterable[Report]) -> Episode:
    """Reports as an episode, in their canonical order."""
    return Episode(reports=tuple(sorted(reports, key=lambda report: report.key)))


def components(
    spans: Iterable[Span],
    key: Callable[[Span], Kind],
    linked: Callable[[Kind, Kind], bool],
    *,
    reach_us: int,
) -> list[list[Span]]:
    """Part spans of time into the connected components of a relation between neighbours.

    Two spans are connected if their keys are ``linked``, which a key always is to itself, and the pause between them is
    no longer than ``reach_us``. Since spans of one key that reach the same instant are connected, the sweep remembers
    only the one of each key that ends last, and asks once whether two keys are linked: its time grows with the number of
    spans and with the square of the keys, not with the square of the spans.
    """
    ordered = sorted(spans, key=lambda span: span.start_us)
    roots = list(range(len(ordered)))
    latest: dict[Kind, int] = {}
    links: dict[Kind, list[Kind]] = {}
    for index, span in enumerate(ordered):
        own = key(span)
        for other in links_of(own, links, linked):
            i = latest.get(other)
            if i is not None and ordered[i].end_us + reach_us >= span.start_us:
                roots[root_of(roots, i)] = root_of(roots, index)
        if own not in latest or ordered[latest[own]].end_us < span.end_us:
            latest[own] = index
    groups: dict[int, list[Span]] = {}
    for index, span in enumerate(ordered):
        groups.setdefault(root_of(roots, index), []).append(span)
    return list(groups.values())


def links_of(own: Kind, links: dict[Kind, list[Kind]], linked: Callable[[Kind, Kind], bool]) -> list[Kind]:
    """The keys so far that a key is linked to, itself among them; a new key is added to those of all others."""
    if own not in links:
        near = [other for other in links if linked(other, own)]
        for other in near:
            links[other].append(own)
        links[own] = [own, *near]
    return links[own]


def root_of(roots: list[int], index: int) -> int:
    """The representative of a component; shortens the way to it."""
    while roots[index] != index:
        roots[index] = roots[roots[index]]
        index = roots[index]
    return index
