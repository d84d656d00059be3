"""From new reports to alerts: looks around them in the database, parts what it finds into episodes, settles those.

All that is known is in the database, so a hub that starts again goes on where it stopped, and memory holds no more than
the reports around the new ones. Alerts open at once; a later report may move or merge them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.alerts import Alert, Settlement, Summary, alert_of, settle, taken_over
from api.alerts_life import bury
from api.repository import Repository
from detector.fusion import NO_OFFSETS, Key, Report, episodes, gathered, near
from detector.pairs import agree, learned_offsets
from detector.timing import Offsets
from detector.types import Technology

__all__ = ["Rules", "associate"]

REACH_GAPS: Final = 6
"""What was over this many longest pauses before new evidence stays as it was settled."""

MAX_AROUND: Final = 1000
"""No more reports are looked at beside those of one batch; only a sensor that raves sends so many."""

MAX_LESSONS: Final = 200
"""Reports from which the offsets of the sensors' clocks are learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How reports become alerts, times in microseconds; see the settings of the same names."""

    tolerance_us: int
    gap_us: int
    limit_us: int
    memory_us: int
    clear_snr_db: float


def associate(repository: Repository, fresh: Iterable[Report], *, rules: Rules, now_us: int) -> list[Alert]:
    """Bring the alerts up to date with reports that are new or have grown.

    Parameters
    ----------
    fresh
        Stored already.

    Returns
    -------
    list of Alert
        Those that changed, each once, ended ones last.
    """
    by_technology: dict[Technology, list[Report]] = {}
    for report in fresh:
        by_technology.setdefault(report.technology, []).append(report)
    changed: list[Alert] = []
    for technology, reports in by_technology.items():
        changed += resettle(repository, technology, reports, rules=rules, now_us=now_us)
    return changed


def resettle(
    repository: Repository, technology: Technology, fresh: Sequence[Report], *, rules: Rules, now_us: int
) -> list[Alert]:
    """Settle the episodes around some reports of one technology."""
    reach_us = REACH_GAPS * rules.gap_us
    window_us = extent_us(fresh, margin_us=reach_us)
    offsets, doubtful = frames_around(repository, technology, fresh, memory_us=rules.memory_us)
    seeds = [*fresh, *(report for report in doubtful if overlaps(report, window_us))]
    touched, owners = surroundings(repository, technology, seeds, gap_us=rules.gap_us, reach_us=2 * reach_us)
    alerts = repository.alerts_by_number(owners.values())
    held = {key: alerts[n].heard_wing for key, n in owners.items() if alerts[n].held}
    settlement = settle(
        episodes(
            touched,
            tolerance_us=rules.tolerance_us,
            gap_us=rules.gap_us,
            held=held,
            offsets=offsets,
            clear_snr_db=rules.clear_snr_db,
        ),
        owners=owners,
        alerts=alerts,
        window_us=window_us,
        limit_us=rules.limit_us,
    )
    opened, changed = carry_out(repository, settlement, touched, owners=owners, rules=rules, now_us=now_us)
    changed |= {owners[report.key] for report in fresh if report.key in owners}
    living = changed - settlement.merged.keys()
    return (
        opened
        + refreshed(repository, living, heirs_of(settlement, alerts), rules=rules, now_us=now_us)
        + buried(repository, settlement, alerts, now_us=now_us)
    )


def surroundings(
    repository: Repository, technology: Technology, fresh: Sequence[Report], *, gap_us: int, reach_us: int
) -> tuple[list[Report], dict[Key, int]]:
    """The reports that may share an episode with new ones, and the alert of each that has one.

    The look goes as far as the reports found hang together, but no further than ``reach_us``.
    """
    seeds = [report.key for report in fresh]
    limits = extent_us(fresh, margin_us=reach_us)
    window = extent_us(fresh, margin_us=gap_us)
    while True:
        found, owners = repository.reports_between(technology, *window, limit=MAX_AROUND + len(fresh))
        around = {report.key: report for report in [*found, *fresh]}
        touched = near(around.values(), seeds, gap_us=gap_us)
        begin_us, end_us = extent_us(touched, margin_us=gap_us)
        wider = max(min(begin_us, window[0]), limits[0]), min(max(end_us, window[1]), limits[1])
        if wider == window:
            return touched, {report.key: owners[report.key] for report in touched if report.key in owners}
        window = wider


def frames_around(
    repository: Repository, technology: Technology, fresh: Sequence[Report], *, memory_us: int
) -> tuple[Offsets, list[Report]]:
    """The offsets of the sensors' clocks about the time of new reports, and all that these have put into doubt.

    Without slots nothing is learned, and nothing is in doubt.
    """
    if not any(report.slots for report in fresh):
        return NO_OFFSETS, []
    lately, _ = repository.reports_between(technology, *extent_us(fresh, margin_us=memory_us), limit=MAX_LESSONS)
    new = {report.key for report in fresh}
    before = learned_offsets(report for report in lately if report.key not in new)
    offsets = learned_offsets(lately)
    return offsets, [] if agree(before, offsets) else [report for report in lately if report.key not in new]


def overlaps(report: Report, window_us: tuple[int, int]) -> bool:
    """Whether a report was heard within a span."""
    return report.end_us >= window_us[0] and report.start_us <= window_us[1]


def extent_us(reports: Iterable[Report], *, margin_us: int) -> tuple[int, int]:
    """From the first beginning to the last end of some reports, and a margin on either side."""
    spans = [(report.start_us, report.end_us) for report in reports]
    return min(start for start, _ in spans) - margin_us, max(end for _, end in spans) + margin_us


def carry_out(
    repository: Repository,
    settlement: Settlement,
    reports: Iterable[Report],
    *,
    owners: Mapping[Key, int],
    rules: Rules,
    now_us: int,
) -> tuple[list[Alert], set[int]]:
    """Give the reports to their alerts; gives the alerts that this opened, and the numbers of those that it touched."""
    by_key = {report.key: report for report in reports}
    opened: list[Alert] = []
    moves: dict[Key, int] = {}
    for number, keys in settlement.groups:
        if number is None:
            episode = gathered(by_key[key] for key in keys)
            draft = alert_of(Summary(episode, len(keys)), number=0, known=None, now_us=now_us, gap_us=rules.gap_us)
            opened.append(repository.add_alert(draft))
        taker = opened[-1].id if number is None else number
        moves |= {key: taker for key in keys if owners.get(key) != taker}
    repository.assign(moves)
    for loser, winner in settlement.merged.items():
        repository.reassign(loser, into=winner)
    touched = set(moves.values()) | {owners[key] for key in moves if key in owners}
    return opened, touched - {alert.id for alert in opened}


def refreshed(
    repository: Repository, numbers: Iterable[int], known: Mapping[int, Alert], *, rules: Rules, now_us: int
) -> list[Alert]:
    """Make alerts anew from their reports; gives those that differ from what was known."""
    changed = []
    for number, summary in repository.summaries_of(numbers).items():
        alert = alert_of(summary, number=number, known=known[number], now_us=now_us, gap_us=rules.gap_us)
        if alert != known[number]:
            changed.append(alert)
    repository.save_alerts(changed)
    return changed


def heirs_of(settlement: Settlement, alerts: Mapping[int, Alert]) -> dict[int, Alert]:
    """The alerts as they were, those into which others merge with what people were told of these."""
    heirs = dict(alerts)
    for loser, winner in sorted(settlement.merged.items()):
        heirs[winner] = taken_over(heirs[winner], alerts[loser])
    return heirs


def buried(repository: Repository, settlement: Settlement, alerts: Mapping[int, Alert], *, now_us: int) -> list[Alert]:
    """End the alerts that were merged into another one."""
    ends = [bury(alerts[loser], into=winner, now_us=now_us) for loser, winner in sorted(settlement.merged.items())]
    repository.save_alerts(alert for alert, _ in ends)
    repository.journal.add_transitions(transition for _, transition in ends)
    return [alert for alert, _ in ends]
