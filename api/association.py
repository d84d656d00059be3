"""From new reports to alerts: looks around them in the database, parts what it finds into episodes, settles those.

All that is known is in the database, so a hub that starts again goes on where it stopped, and memory holds no more than
the reports around the new ones. Alerts open at once; a later report may move or merge them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.alerts import Alert, Settlement, alert_of, merged, settle
from api.repository import Repository
from detector.fusion import Key, Report, episodes, gathered, near
from detector.types import Technology

__all__ = ["Rules", "associate"]

REACH_GAPS: Final = 10
"""What was over this many longest pauses before new evidence stays as it was settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How reports become alerts, in microseconds; see the settings of the same names."""

    tolerance_us: int
    gap_us: int
    limit_us: int


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
    begin_us = min(report.start_us for report in fresh) - reach_us
    end_us = max(report.end_us for report in fresh) + reach_us
    around, owners = repository.reports_between(technology, begin_us - reach_us, end_us + reach_us)
    touched = near(around, (report.key for report in fresh), gap_us=rules.gap_us)
    owners = {report.key: owners[report.key] for report in touched if report.key in owners}
    alerts = repository.alerts_by_number(owners.values())
    settlement = settle(
        episodes(touched, tolerance_us=rules.tolerance_us, gap_us=rules.gap_us),
        owners=owners,
        alerts=alerts,
        window_us=(begin_us, end_us),
        limit_us=rules.limit_us,
    )
    touched_alerts = carry_out(repository, settlement, touched, owners=owners, rules=rules, now_us=now_us)
    touched_alerts |= {owners[report.key] for report in fresh if report.key in owners}
    living = touched_alerts - settlement.merged.keys()
    return refreshed(repository, living, alerts, rules=rules, now_us=now_us) + buried(repository, settlement, alerts)


def carry_out(
    repository: Repository,
    settlement: Settlement,
    reports: Iterable[Report],
    *,
    owners: Mapping[Key, int],
    rules: Rules,
    now_us: int,
) -> set[int]:
    """Give the reports to their alerts, new ones included; tells which alerts gained or lost any."""
    by_key = {report.key: report for report in reports}
    touched: set[int] = set()
    for known, keys in settlement.groups:
        number = known
        if number is None:
            episode = gathered(by_key[key] for key in keys)
            number = repository.add_alert(alert_of(episode, number=0, known=None, now_us=now_us, gap_us=rules.gap_us))
        moved = [key for key in keys if owners.get(key) != number]
        if moved:
            repository.assign(number, moved)
            touched |= {number} | {owners[key] for key in moved if key in owners}
    for loser, winner in settlement.merged.items():
        repository.reassign(loser, into=winner)
    return touched


def refreshed(
    repository: Repository, numbers: Iterable[int], known: Mapping[int, Alert], *, rules: Rules, now_us: int
) -> list[Alert]:
    """Make alerts anew from their reports; gives those that differ from what was known."""
    changed = []
    for number in sorted(numbers):
        episode = gathered(repository.reports_of(number))
        alert = alert_of(episode, number=number, known=known.get(number), now_us=now_us, gap_us=rules.gap_us)
        if alert != known.get(number):
            repository.save_alert(alert)
            changed.append(alert)
    return changed


def buried(repository: Repository, settlement: Settlement, alerts: Mapping[int, Alert]) -> list[Alert]:
    """End the alerts that were merged into another one."""
    ends = [merged(alerts[loser], into=winner) for loser, winner in sorted(settlement.merged.items())]
    for alert in ends:
        repository.save_alert(alert)
    return ends
