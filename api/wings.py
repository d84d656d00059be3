"""How the bands of each wing stand, put together from the site, what is remembered of its sensors, and open alarms. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from api.alarms import Alarm, Subject
from api.hearing import Ear, OnAir, band_standing, heard_share
from api.states import BandStanding, SensorStatus, sensor_state
from api.uplinks import bands_of, hears
from api.watching import BEGINNING, Watch, WatchRules
from detector.bands import Band
from detector.site import Site, Wing

__all__ = ["band_standings", "ears_of", "least_share_of", "listened_share"]


def band_standings(
    site: Site,
    statuses: Mapping[str, SensorStatus],
    watches: Mapping[str, Watch],
    alarms: Sequence[Alarm],
    on_air: Sequence[OnAir],
    *,
    rules: WatchRules,
    day: date,
    now_us: int,
) -> dict[str, list[BandStanding]]:
    """How each band of each wing stands; a wing of which no band can be named has one without a name."""
    standings: dict[str, list[BandStanding]] = {}
    for wing in site.wings:
        bands: Sequence[Band | None] = bands_of(site, wing.name, watches, day=day, rules=rules) or [None]
        standings[wing.name] = [
            band_standing(
                band,
                ears_of(site, wing.name, band, statuses, watches, alarms, rules=rules, now_us=now_us),
                phones=phones_in(wing.name, band, on_air),
                least_share=least_share_of(wing, rules) if wing.bands else 0.0,
                rules=rules,
                now_us=now_us,
            )
            for band in bands
        ]
    return standings


def ears_of(
    site: Site,
    wing: str,
    band: Band | None,
    statuses: Mapping[str, SensorStatus],
    watches: Mapping[str, Watch],
    alarms: Sequence[Alarm],
    *,
    rules: WatchRules,
    now_us: int,
) -> list[Ear]:
    """The sensors that are to hear a band of a wing."""
    return [
        Ear(
            name=place.name,
            state=sensor_state(statuses.get(place.name), now_us=now_us, stale_after_us=rules.stale_us),
            watch=watches.get(place.name, BEGINNING),
            alarms=tuple(of_sensor(alarms, place.name, band)),
        )
        for place in site.sensors
        if place.wing == wing and hears(place, band)
    ]


def of_sensor(alarms: Iterable[Alarm], name: str, band: Band | None) -> Iterable[Alarm]:
    """The alarms of a sensor that concern a band."""
    for alarm in alarms:
        if alarm.subject is Subject.SENSOR and alarm.name == name and (band is None or alarm.concerns(band.name)):
            yield alarm


def phones_in(wing: str, band: Band | None, on_air: Iterable[OnAir]) -> int:
    """How many phones are heard in a band of a wing."""
    return sum(
        phone.wing == wing
        and (
            band is None
            or (
                phone.technology is band.technology
                and phone.freq_lower_hz < band.high_hz
                and band.low_hz < phone.freq_upper_hz
            )
        )
        for phone in on_air
    )


def least_share_of(wing: Wing, rules: WatchRules) -> float:
    """How much of each of its bands a wing is to listen to."""
    return rules.heard_share if wing.heard_share is None else wing.heard_share


def listened_share(band: Band, ears: Sequence[Ear], *, within_us: int, now_us: int) -> float:
    """How much of a band any of some sensors listened to within a time."""
    spans = [tuned.span_hz for ear in ears for tuned in ear.watch.tunings if now_us - tuned.heard_us <= within_us]
    return heard_share(band, spans)
