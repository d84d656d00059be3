"""What a newcomer sees: one command, a page, and phones found in the wings where the timetable has them."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from detector.types import Technology
from sdr.sources import demo_site
from sdr.synthetic.timetable import truth

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SEED = 5
LONG_MS = 120_000
"""Far more than a newcomer waits, for a machine that does other things as well."""

SLACK_S = 1.0
"""A burst is counted to an act that began or ended this long beside it."""

WORDS = {Technology.GSM: "2G phone", Technology.LTE: "4G phone"}

AGREES = """acts => [...document.querySelectorAll("[data-alert]")].some(card => {
  const opened = Date.parse(card.querySelector("time").dateTime);
  return acts.some(act => card.querySelector("h4").textContent === act.wing
    && card.querySelector(".what").textContent.startsWith(act.what)
    && act.from <= opened && opened <= act.to);
})"""


@dataclass(frozen=True)
class Demo:
    """A running demonstration: where it is, and between which moments its timetable began."""

    address: str
    earliest: datetime
    latest: datetime

    def acts(self) -> list[dict[str, str | float]]:
        """What the simulated phones do in the first minutes, in the page's own words."""
        site = demo_site()
        titles = {wing.name: wing.title for wing in site.wings}
        uncertain = self.latest - self.earliest
        slack = timedelta(seconds=SLACK_S)
        return [
            {
                "wing": titles[episode.wing],
                "what": WORDS[episode.technology],
                "from": (episode.start - slack).timestamp() * 1000,
                "to": (episode.end + uncertain + slack).timestamp() * 1000,
            }
            for episode in truth(site, seed=SEED, epoch=self.earliest, duration_s=LONG_MS / 1000)
        ]


@contextmanager
def running_demo() -> Iterator[Demo]:
    """Start the demonstration on a free port, as the set-up script does; interrupt it at the end."""
    earliest = datetime.now(UTC).replace(microsecond=0)
    process = subprocess.Popen(
        [sys.executable, "wingwatch.py", "--port", "0", "--seed", str(SEED)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address, line
        with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:
            client.get(address[0]).raise_for_status()
        yield Demo(address=address[0], earliest=earliest, latest=datetime.now(UTC))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90)
        process.stdout.close()


def test_an_alert_appears_for_a_simulated_phone_in_the_wing_where_it_is(open_page):
    with running_demo() as demo, open_page(demo.address) as (page, _):
        expect(page.get_by_role("complementary", name="Simulated")).to_be_visible()
        page.wait_for_function(AGREES, arg=demo.acts(), timeout=LONG_MS)
