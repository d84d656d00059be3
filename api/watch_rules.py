"""The settings by which the system watches itself, as the pure modules read them."""

from functools import lru_cache
from typing import Final

from api.levels import Bounds
from api.settings import Settings
from api.watching import WatchRules

__all__ = ["rules_of"]

MICROSECONDS: Final = 1_000_000


def rules_of(settings: Settings) -> WatchRules:
    """When something is wrong with a sensor."""
    told = settings.model_dump(include=set(NAMES))
    return made(tuple(told[name] for name in NAMES))


NAMES: Final = (
    "stale_after_s",
    "dead_after_s",
    "frozen_after_s",
    "flow_least_share",
    "flow_window_s",
    "saturation_share",
    "saturation_delay_s",
    "explained_after_s",
    "phone_explains_s",
    "floor_rise_db",
    "floor_fall_db",
    "floor_spreads",
    "floor_delay_s",
    "reference_fall_db",
    "reference_delay_s",
    "reference_missing_s",
    "learn_beats",
    "memory_beats",
    "clock_error_limit_s",
    "lost_hold_s",
    "alarm_clear_s",
    "scan_round_s",
    "heard_share_least",
    "hub_away_s",
    "hub_grace_s",
    "test_grace_s",
)


@lru_cache(maxsize=16)
def made(values: tuple[float, ...]) -> WatchRules:
    """The rules of some values, in the order of their names."""
    told = dict(zip(NAMES, values, strict=True))

    def microseconds(name: str) -> int:
        return round(told[name] * MICROSECONDS)

    beats = {
        "learn_beats": int(told["learn_beats"]),
        "memory_beats": int(told["memory_beats"]),
        "gap_us": microseconds("scan_round_s"),
    }
    return WatchRules(
        stale_us=microseconds("stale_after_s"),
        dead_us=microseconds("dead_after_s"),
        frozen_us=microseconds("frozen_after_s"),
        flow_share=told["flow_least_share"],
        flow_us=microseconds("flow_window_s"),
        clip_share=told["saturation_share"],
        clip_us=microseconds("saturation_delay_s"),
        explained_us=microseconds("explained_after_s"),
        phone_us=microseconds("phone_explains_s"),
        floor=Bounds(
            rise_db=told["floor_rise_db"], fall_db=told["floor_fall_db"], spreads=told["floor_spreads"], **beats
        ),
        floor_us=microseconds("floor_delay_s"),
        reference=Bounds(
            rise_db=float("inf"), fall_db=told["reference_fall_db"], spreads=told["floor_spreads"], **beats
        ),
        reference_us=microseconds("reference_delay_s"),
        unvisited_us=microseconds("reference_missing_s"),
        clock_error_s=told["clock_error_limit_s"],
        lost_us=microseconds("lost_hold_s"),
        clear_us=microseconds("alarm_clear_s"),
        scan_us=microseconds("scan_round_s"),
        heard_share=told["heard_share_least"],
        away_us=microseconds("hub_away_s"),
        grace_us=microseconds("hub_grace_s"),
        test_us=microseconds("test_grace_s"),
    )
