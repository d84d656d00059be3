"""The README's picture: it shows what was counted, and is the one of the committed results."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.prove.plot import PANELS, draw
from tests.prove.proof import Share
from tests.prove.report import read_shares

PROOFS = Path(__file__).parents[1] / "proofs"
SVG = "{http://www.w3.org/2000/svg}"


def counted(hits, trials):
    return [
        {curve.name(snr_db): Share(hits, trials) for curve in panel.curves for snr_db in curve.snrs_db}
        for panel in PANELS
    ]


@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (3, 10), (10, 10)])
def test_every_share_is_a_dot_in_the_middle_of_its_interval(hits, trials):
    tree = ET.fromstring(draw(counted(hits, trials)))
    dots = [float(dot.get("cy")) for dot in tree.iter(f"{SVG}circle") if dot.get("r") == "3.2"]
    bars = [bar for bar in tree.iter(f"{SVG}line") if bar.get("class").startswith("interval")]
    assert len(dots) == len(bars) == sum(len(curve.snrs_db) for panel in PANELS for curve in panel.curves)
    for dot, bar in zip(dots, bars, strict=True):
        assert float(bar.get("y2")) <= dot <= float(bar.get("y1"))


def test_nothing_is_drawn_outside_the_picture():
    tree = ET.fromstring(draw(counted(1, 2)))
    _, _, width, height = map(float, tree.get("viewBox").split())
    for line in tree.iter(f"{SVG}polyline"):
        points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_the_picture_has_colours_for_dark_pages_and_needs_nothing_from_elsewhere():
    drawn = draw(counted(1, 2))
    assert "prefers-color-scheme: dark" in drawn
    assert re.findall(r"https?://[^\"]+", drawn) == ["http://www.w3.org/2000/svg"]


def test_the_committed_picture_is_that_of_the_committed_results():
    """Draw it again with ``./run prove --plot``."""
    shares = [read_shares(PROOFS / f"{name}.json") for name in ("gsm-pd", "lte-pd")]
    assert (PROOFS / "detection.svg").read_text() == draw(shares)
