"""What people are told: writes the feed's messages in the transaction that makes them true.

Alerts are told when they change. Wings and sensors depend on the time as well; they are told whenever they differ from
what was told last, apart from fields that change all the time.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from api.alarms import Alarm
from api.alerts import Alert, ended
from api.alerts_life import Transition
from api.clocks import MAX_AHEAD_US
from api.delivery import Health
from api.repository import Repository
from api.shelving import Shelf, ShelfKind, in_force
from api.standing import Standing
from api.states import BandStanding, SensorStatus, WingCounts, sensor_state
from api.views import (
    AntennaWatch,
    SensorView,
    WingView,
    alert_view,
    sensor_view,
    shelf_view,
    standing_view,
    transition_view,
    wing_view,
)
from api.views_channels import fare_view
from api.views_watch import alarm_view
from api.watching import Watch, WatchRules
from api.wings import band_standings
from detector.site import Site
from detector.times import from_microseconds

__all__ = [
    "KEPT_CHANGES",
    "standing_views",
    "sweep",
    "tell_alarm",
    "tell_alerts",
    "tell_channel",
    "tell_shelf",
    "tell_standing",
    "tell_standing_alarm",
    "tell_transitions",
]

KEPT_CHANGES: Final = 20_000
"""Messages that a reader may be behind and still go on without a gap."""

KEPT_HEARTBEATS_US: Final = 24 * 3600 * 1_000_000
"""A batch without detections is known again for this long; after that it would only be older than what is known."""

SEEN_STEP_S: Final = 10
"""A sensor's last sign of life is told anew this often."""


def sensor_views(
    site: Site,
    statuses: Mapping[str, SensorStatus],
    watches: Mapping[str, Watch],
    *,
    now_us: int,
    rules: WatchRules,
    shelves: Sequence[Shelf] = (),
) -> list[SensorView]:
    """All sensors of the site."""
    shelved = in_force(shelves, ShelfKind.SENSOR, now_us=now_us)
    return [
        sensor_view(
            place.name,
            wing=place.wing,
            state=sensor_state(statuses.get(place.name), now_us=now_us, stale_after_us=rules.stale_us),
            status=statuses.get(place.name),
            watch=watches.get(place.name),
            rules=rules,
            shelved_until_us=shelved.get(place.name),
        )
        for place in site.sensors
    ]


def wing_views(
    site: Site,
    sensors: Iterable[SensorView],
    counts: Mapping[str | None, WingCounts],
    bands: Mapping[str, Sequence[BandStanding]],
    *,
    now_us: int,
    shelves: Sequence[Shelf] = (),
) -> list[WingView]:
    """All wings of the site."""
    shelved = in_force(shelves, ShelfKind.WING, now_us=now_us)
    by_wing: dict[str | None, list[SensorView]] = {}
    for sensor in sensors:
        by_wing.setdefault(sensor.wing, []).append(sensor)
    return [
        wing_view(
            wing,
            sensors={sensor.name: sensor.state for sensor in by_wing.get(wing.name, [])},
            counts=counts.get(wing.name, WingCounts()),
            bands=bands.get(wing.name, ()),
            unwatched=[s.name for s in by_wing.get(wing.name, []) if s.antenna is AntennaWatch.NONE],
            shelved_until_us=shelved.get(wing.name),
        )
        for wing in site.wings
    ]


def standing_views(
    repository: Repository, site: Site, *, now_us: int, rules: WatchRules
) -> tuple[list[SensorView], list[WingView]]:
    """All sensors and all wings as they stand now."""
    shelves = repository.alarms.shelves(open_only=True)
    statuses, watches = repository.sensors(), repository.watching.watches()
    sensors = sensor_views(site, statuses, watches, now_us=now_us, rules=rules, shelves=shelves)
    bands = band_standings(
        site,
        statuses,
        watches,
        repository.watching.open_alarms(),
        repository.watching.on_air(),
        rules=rules,
        day=from_microseconds(now_us).date(),
        now_us=now_us,
    )
    counts = repository.wing_counts(wing.name for wing in site.wings)
    return sensors, wing_views(site, sensors, counts, bands, now_us=now_us, shelves=shelves)


def tell_alarm(repository: Repository, alarm: Alarm, *, now_us: int) -> None:
    """Tell an alarm about the system itself."""
    shelves = repository.alarms.shelves(open_only=True)
    repository.add_changes("alarm", [alarm_view(alarm, shelves=shelves, now_us=now_us).model_dump_json()], at_us=now_us)


def tell_standing_alarm(repository: Repository, alarm: Standing, *, window_us: int, now_us: int) -> None:
    """Tell the standing alarm of a wing."""
    message = standing_view(alarm, window_us=window_us).model_dump_json()
    repository.add_changes("standing", [message], at_us=now_us)


def tell_channel(repository: Repository, health: Health, *, kind: str, now_us: int) -> None:
    """Tell how a channel fares."""
    repository.add_changes("channel", [fare_view(health, kind=kind).model_dump_json()], at_us=now_us)


def tell_shelf(repository: Repository, shelf: Shelf, *, now_us: int) -> None:
    """Tell what was shelved, or is no longer."""
    repository.add_changes("shelf", [shelf_view(shelf).model_dump_json()], at_us=now_us)


def tell_alerts(repository: Repository, site: Site, alerts: Iterable[Alert], *, now_us: int) -> bool:
    """Tell alerts; says whether there were any."""
    messages = [alert_view(alert, site=site).model_dump_json() for alert in alerts]
    if messages:
        repository.add_changes("alert", messages, at_us=now_us)
    return bool(messages)


def tell_transitions(repository: Repository, transitions: Iterable[Transition], *, now_us: int) -> None:
    """Tell what was done to alerts."""
    if messages := [transition_view(transition).model_dump_json() for transition in transitions]:
        repository.add_changes("transition", messages, at_us=now_us)


def tell_standing(repository: Repository, site: Site, *, now_us: int, rules: WatchRules) -> bool:
    """Tell the sensors and wings that differ from what was told last; says whether there were any."""
    sensors, wings = standing_views(repository, site, now_us=now_us, rules=rules)
    before = repository.told()
    told: dict[tuple[str, str], str] = {}
    views: tuple[tuple[str, list[SensorView] | list[WingView]], ...] = (("sensor", sensors), ("wing", wings))
    for kind, standing in views:
        essences = {(kind, view.name): essence(view) for view in standing}
        fresh = [view for view in standing if essences[kind, view.name] != before.get((kind, view.name))]
        if fresh:
            repository.add_changes(kind, [view.model_dump_json() for view in fresh], at_us=now_us)
            told |= {(kind, view.name): essences[kind, view.name] for view in fresh}
    repository.save_told(told, known=before)
    return bool(told)


def essence(view: SensorView | WingView) -> str:
    """What of a sensor or a wing is worth a message when it changes."""
    if isinstance(view, WingView):
        return view.model_dump_json()
    shown = view.model_dump(mode="json", exclude={"last_seen_utc", "clipped_share", "queue", "clock_error_s"})
    if view.last_seen_utc is not None:
        shown["seen"] = view.last_seen_utc.timestamp() // SEEN_STEP_S
    for name in ("noise_floor_dbfs", "usual_floor_dbfs", "reference_dbfs", "noise_steps"):
        if shown[name] is not None:
            shown[name] = round(shown[name])
    return json.dumps(shown)


def sweep(repository: Repository, site: Site, *, now_us: int, gap_us: int, rules: WatchRules) -> bool:
    """Do what the passing of time asks for; says whether anybody was told anything.

    Alerts whose phone fell silent end, sensors that fell silent are stale, and the oldest messages are forgotten.
    """
    silent = repository.silent_alerts(before_us=now_us - gap_us, after_us=now_us + MAX_AHEAD_US)
    over = [ended(alert, now_us=now_us, gap_us=gap_us) for alert in silent]
    repository.save_alerts(over)
    told = tell_alerts(repository, site, over, now_us=now_us)
    told |= tell_standing(repository, site, now_us=now_us, rules=rules)
    forget(repository, now_us=now_us)
    return told


def forget(repository: Repository, *, now_us: int) -> None:
    """Drop the oldest messages, and the marks of old heartbeats; a good many at a time."""
    oldest, newest = repository.change_range()
    if newest - oldest > KEPT_CHANGES * 1.1:
        repository.drop_changes(newest - KEPT_CHANGES)
    oldest_us = repository.oldest_bare_batch_us()
    if oldest_us is not None and now_us - oldest_us > KEPT_HEARTBEATS_US * 1.1:
        repository.drop_bare_batches(now_us - KEPT_HEARTBEATS_US)
