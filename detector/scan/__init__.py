"""The scan plan: which receiver listens where and when, and how likely it is to meet what phones send.

Pure functions of bands, receivers, sample time and what was heard. Nothing here tunes a receiver.
"""

from detector.scan.cover import Cover, Reach, Window, cover
from detector.scan.events import EVENTS, Event
from detector.scan.intercept import intercept_probability
from detector.scan.plan import Outlook, ScanPlan, make_plan
from detector.scan.rhythm import Policy, Rhythm, State, advance, begin
from detector.scan.tour import Reference, Stop, Tour, arrived, heard_at, moved, set_out

__all__ = [
    "EVENTS",
    "Cover",
    "Event",
    "Outlook",
    "Policy",
    "Reach",
    "Reference",
    "Rhythm",
    "ScanPlan",
    "State",
    "Stop",
    "Tour",
    "Window",
    "advance",
    "arrived",
    "begin",
    "cover",
    "heard_at",
    "intercept_probability",
    "make_plan",
    "moved",
    "set_out",
]
