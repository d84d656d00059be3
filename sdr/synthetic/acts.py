"""What phones do: the acts of the timetable, and what a detector may call each of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from detector.types import Activity, Technology

__all__ = ["ACTS", "Act", "Script"]


class Act(StrEnum):
    """One use of a phone, from its first transmission to its last."""

    LOCATION_UPDATE = "location-update"
    TEXT = "text"
    CALL = "call"
    CALL_DTX = "call-dtx"
    CALL_HOPPING = "call-hopping"
    UNANSWERED = "unanswered"
    REGISTRATION = "registration"
    IDLE = "idle"
    VOICE = "voice"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How an act looks in a timetable.

    Parameters
    ----------
    activity
        What a detector that judges by timing alone should call it.
    shortest_s, longest_s
        How long it may last.
    weight
        How often it comes, beside the other acts of its technology.
    """

    technology: Technology
    activity: Activity
    shortest_s: float
    longest_s: float
    weight: float


def gsm(activity: Activity, shortest_s: float, longest_s: float, weight: float) -> Script:
    """An act of a GSM phone."""
    return Script(
        technology=Technology.GSM, activity=activity, shortest_s=shortest_s, longest_s=longest_s, weight=weight
    )


def lte(activity: Activity, shortest_s: float, longest_s: float, weight: float) -> Script:
    """An act of an LTE phone."""
    return Script(
        technology=Technology.LTE, activity=activity, shortest_s=shortest_s, longest_s=longest_s, weight=weight
    )


ACTS: Final = {
    Act.LOCATION_UPDATE: gsm(Activity.SIGNALLING, 3.2, 4.5, 3),
    Act.TEXT: gsm(Activity.SIGNALLING, 3.6, 5.2, 3),
    Act.CALL: gsm(Activity.CALL, 12.0, 25.0, 2),
    Act.CALL_DTX: gsm(Activity.CALL_DTX, 12.0, 25.0, 2),
    Act.CALL_HOPPING: gsm(Activity.CALL, 12.0, 20.0, 1),
    Act.UNANSWERED: lte(Activity.ACCESS, 3.3, 6.6, 2),
    Act.REGISTRATION: lte(Activity.SIGNALLING, 0.35, 0.5, 2),
    Act.IDLE: lte(Activity.IDLE_CHECK, 5.0, 12.0, 1),
    Act.VOICE: lte(Activity.CALL, 8.0, 20.0, 3),
    Act.UPLOAD: lte(Activity.DATA, 3.0, 8.0, 3),
}
