"""Couriers: each brings the notices of one channel to its peer, in a thread of its own, and keeps account of it.

A courier holds no lock while it sends, so that a slow peer delays neither another channel nor what sensors send. All that
must outlive a restart is in the database: a notice that was sent and not marked so, because the hub ended in between, is
sent again with the same id.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Final

import structlog

from api import notifying, telling
from api.channels.notice import Parcel
from api.channels.port import AwayError, BarredError, Channel, ChannelError
from api.channels.table import open_channel
from api.delivery import Fate, Health, RetryRules, after_fault, after_success, fate_of, pause_us
from api.hub import Hub
from api.outgoing import Outgoing
from api.repository import Repository

__all__ = ["Courier", "PostOffice"]

LONGEST_WAIT_S: Final = 5.0
"""A courier looks this often though nobody woke it: the clock may have been set."""

STOP_S: Final = 5.0

log: Final = structlog.get_logger("courier")


class Courier:
    """Delivers the notices of one channel, one at a time.

    Parameters
    ----------
    told
        Is called when something was told on the feed or queued for others.
    rng
        Spreads the attempts of many hubs that lost one peer.
    """

    def __init__(
        self, hub: Hub, name: str, channel: Channel, *, rules: RetryRules, rng: Random, told: Callable[[], None]
    ) -> None:
        self.name = name
        self.channel = channel
        self._hub = hub
        self._rules = rules
        self._rng = rng
        self._told = told
        self._failures = 0
        self._rests_until_us = 0
        self._asked_us: int | None = None
        self._news = threading.Event()
        self._stopped = False

    def wake(self) -> None:
        """Say that there may be something to deliver."""
        self._news.set()

    def lift(self) -> None:
        """End the rest after a failure, so that the next attempt is made at once."""
        self._rests_until_us = 0
        self._news.set()

    def stop(self) -> None:
        """Make :meth:`run` return; what is under way is finished."""
        self._stopped = True
        self._news.set()

    def run(self) -> None:
        """Deliver until stopped; no error ends it."""
        while not self._stopped:
            self._news.clear()
            try:
                wait_s = self.step()
            except Exception:
                log.exception("courier failed", channel=self.name)
                wait_s = LONGEST_WAIT_S
            self._news.wait(min(wait_s, LONGEST_WAIT_S))
        self.channel.close()

    def step(self) -> float:
        """Deliver at most one notice, or see whether a silent peer is there; gives how long there is nothing to do [s]."""
        now_us = self._hub.now_us
        if now_us < self._rests_until_us:
            return (self._rests_until_us - now_us) / 1e6
        with self._hub.database.reading() as connection:
            parcel = Outgoing(connection).head(self.name)
        if parcel is not None and parcel.due_us <= now_us:
            self._deliver(parcel)
            return 0.0
        if self._is_silent(now_us):
            self._supervise()
        return LONGEST_WAIT_S if parcel is None else (parcel.due_us - now_us) / 1e6

    def _deliver(self, parcel: Parcel) -> None:
        error = attempted(lambda: self.channel.send(parcel))
        now_us = self._hub.now_us
        fate = fate_of(parcel, error, now_us=now_us, rules=self._rules, rng=self._rng)
        if error is not None:
            log.warning(
                "notice not delivered", channel=self.name, kind=parcel.notice.kind, why=str(error), now=fate.state
            )
        self._account(error, now_us=now_us, settled=(parcel, fate))

    def _supervise(self) -> None:
        error = attempted(self.channel.supervise)
        if error is not None:
            log.warning("channel's peer is not there", channel=self.name, why=str(error))
        self._account(error, now_us=self._hub.now_us)

    def _is_silent(self, now_us: int) -> bool:
        """Whether the peer was not heard of for so long that it is to be asked."""
        every_s = self.channel.supervised_s
        return every_s is not None and (self._asked_us is None or now_us - self._asked_us >= every_s * 1e6)

    def _account(self, error: ChannelError | None, *, now_us: int, settled: tuple[Parcel, Fate] | None = None) -> None:
        """Store and tell what an attempt changed, in one transaction."""
        self._asked_us = now_us
        self._rest(error, now_us=now_us)
        with self._hub.database.writing() as connection:
            repository = Repository(connection)
            if settled is not None:
                repository.outgoing.settle(*settled, now_us=now_us)
            told = keep_account(repository, self._hub, self.name, error, rules=self._rules, now_us=now_us)
        if told or settled is not None:
            self._told()

    def _rest(self, error: ChannelError | None, *, now_us: int) -> None:
        """Rest for longer after each failure that is not the notice's own."""
        if error is None or not isinstance(error, AwayError | BarredError):
            self._failures, self._rests_until_us = 0, 0
            return
        self._failures += 1
        self._rests_until_us = now_us + pause_us(self._failures, rules=self._rules, rng=self._rng)


def attempted(act: Callable[[], None]) -> ChannelError | None:
    """The error with which an attempt failed; one that nobody foresaw counts as a peer that is away."""
    try:
        act()
    except ChannelError as error:
        return error
    except Exception as error:
        log.exception("channel failed in a way that nobody foresaw")
        return AwayError(f"an unexpected error ({type(error).__name__}); the hub's log says more")
    return None


def keep_account(
    repository: Repository, hub: Hub, name: str, error: ChannelError | None, *, rules: RetryRules, now_us: int
) -> bool:
    """Store how a channel fares after an attempt; its failures are told on the feed, and by the other channels."""
    before = repository.outgoing.health(name)
    if error is None:
        after = after_success(before, now_us=now_us)
    else:
        after = after_fault(before, error, now_us=now_us, rules=rules)
    repository.outgoing.save_health(after)
    if before.failing_us is not None and after.failing_us is None:
        repository.outgoing.hurry(name, now_us=now_us)
    if replace(before, success_us=None) == replace(after, success_us=None):
        return False
    tell_others(repository, hub, before, after, now_us=now_us)
    telling.tell_channel(repository, after, kind=hub.settings.channels[name].type, now_us=now_us)
    return True


def tell_others(repository: Repository, hub: Hub, before: Health, after: Health, *, now_us: int) -> None:
    """Have the other channels tell that one does not deliver any more, or does so again."""
    if (before.alarmed_us is None) == (after.alarmed_us is None):
        return
    told = before if after.failing_us is None else after
    notice = notifying.channel_notice(
        after,
        hub.audience,
        since_us=told.failing_us or now_us,
        waiting=repository.outgoing.tally(after.channel).waiting,
        why=told.why,
        now_us=now_us,
    )
    notifying.queue(repository.outgoing, hub.audience, [notice], now_us=now_us)


class PostOffice:
    """All couriers of a hub.

    Parameters
    ----------
    channels
        In place of those that the settings name, for tests.
    """

    def __init__(self, hub: Hub, *, channels: Mapping[str, Channel] | None = None, rng: Random | None = None) -> None:
        self._hub = hub
        self._settled = threading.Condition()
        opened = opened_channels(hub) if channels is None else channels
        spread = rng or Random()  # noqa: S311 - spreads attempts, hides nothing
        self.couriers: dict[str, Courier] = {
            name: Courier(hub, name, channel, rules=hub.retry_rules, rng=spread, told=self._tell)
            for name, channel in opened.items()
        }
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        """Set the couriers to work; what waits for channels that are no more is given up."""
        with self._hub.database.writing() as connection:
            Outgoing(connection).drop_all_but(self.couriers.keys(), now_us=self._hub.now_us)
        self._hub.feed.also_wake(self.wake)
        for name, courier in self.couriers.items():
            thread = threading.Thread(target=courier.run, name=f"courier {name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        """Say that there may be something to deliver."""
        for courier in self.couriers.values():
            courier.wake()

    def close(self) -> None:
        """Let every courier finish what it is at, for a time; what then still waits is delivered after the next start."""
        for courier in self.couriers.values():
            courier.stop()
        for thread in self._threads:
            thread.join(STOP_S)

    def await_fate(self, channel: str, key: str, *, within_s: float) -> Fate | None:
        """What became of a notice, once something did or the time is over."""

        def fate() -> Fate | None:
            with self._hub.database.reading() as connection:
                found = Outgoing(connection).fate(channel, key)
            return None if found is None or found.attempts == 0 else found

        with self._settled:
            return self._settled.wait_for(fate, within_s) or None

    def _tell(self) -> None:
        self._hub.feed.wake()
        with self._settled:
            self._settled.notify_all()


def opened_channels(hub: Hub) -> dict[str, Channel]:
    """The channels that the settings name."""
    wings = [wing.name for wing in hub.site.wings]
    return {name: open_channel(told, wings=wings, clock=hub.clock) for name, told in hub.settings.channels.items()}
