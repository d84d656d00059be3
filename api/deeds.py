"""What was done to alerts, stored and told in the caller's transaction; and what the hub does to them of its own accord."""

from collections.abc import Sequence

from api import notifying, telling
from api.alerts import Alert
from api.alerts_life import Transition, escalate, is_overdue
from api.audience import Audience
from api.repository import Repository

__all__ = ["escalate_overdue", "save_deeds"]


def save_deeds(
    repository: Repository, audience: Audience, done: Sequence[tuple[Alert, Transition]], *, now_us: int
) -> None:
    """Store and tell alerts after something was done to them, and the records of it."""
    repository.save_alerts(alert for alert, _ in done)
    repository.journal.add_transitions(transition for _, transition in done)
    telling.tell_alerts(repository, audience.site, (alert for alert, _ in done), now_us=now_us)
    telling.tell_transitions(repository, (transition for _, transition in done), now_us=now_us)
    notifying.queue(repository.outgoing, audience, notifying.deeds(audience, done), now_us=now_us)


def escalate_overdue(repository: Repository, audience: Audience, *, now_us: int, limit_us: int) -> bool:
    """Escalate the alerts that nobody acknowledged in time; says whether there were any."""
    waiting = repository.waiting_alerts(until_us=now_us - limit_us)
    overdue = [alert for alert in waiting if is_overdue(alert, now_us=now_us, limit_us=limit_us)]
    save_deeds(repository, audience, [escalate(alert, now_us=now_us) for alert in overdue], now_us=now_us)
    return bool(overdue)
