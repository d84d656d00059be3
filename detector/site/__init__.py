"""The site: wings, landings, cells, zones and sensors, and where they are.

A site is data (TOML); this is bytes to values and back. Coordinates are metres in one right-handed frame of the site's
own, z upwards. Nothing here reads a file or a clock.
"""

from detector.site.faults import SiteError
from detector.site.reading import parse_site
from detector.site.schematic import LandingPlan, landing_plan, schematic_svg
from detector.site.values import (
    Antenna,
    Cell,
    Hours,
    Image,
    Jammer,
    Landing,
    Plan,
    Point,
    Reference,
    SensorPlace,
    Site,
    TestPhone,
    Wall,
    Wing,
    Zone,
    parse_hours,
)
from detector.site.writing import dump_site

__all__ = [
    "Antenna",
    "Cell",
    "Hours",
    "Image",
    "Jammer",
    "Landing",
    "LandingPlan",
    "Plan",
    "Point",
    "Reference",
    "SensorPlace",
    "Site",
    "SiteError",
    "TestPhone",
    "Wall",
    "Wing",
    "Zone",
    "dump_site",
    "landing_plan",
    "parse_hours",
    "parse_site",
    "schematic_svg",
]
