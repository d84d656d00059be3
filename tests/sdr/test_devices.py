import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from sdr.devices import Attached, attached, listing, unheard
from sdr.receiver import ReceiverError
from sdr.scan import bands_named
from tests.sdr.fake_dongle import SERIAL, fake_dongle

ROOT = Path(__file__).parents[2]
DONGLE = Attached(word="rtlsdr:7", name="RTL-SDR", ranges=((24e6, 1766e6),))
WIDE = Attached(word="soapy:driver=hackrf", name="HackRF", ranges=((1e6, 6e9),))


@pytest.fixture(scope="module")
def bands(plan):
    return bands_named(plan, (), day=date(2026, 11, 1))


def test_what_a_receiver_never_hears_is_what_lies_outside_its_ranges(bands):
    deaf = {band.name for band in unheard(DONGLE, bands)}
    assert {"LTE 1", "LTE 7", "NR n78"} <= deaf
    assert not {"LTE 3", "P-GSM 900", "LTE 20"} & deaf
    assert unheard(WIDE, bands) == []


def test_a_driver_that_is_not_there_hides_no_other_receiver(bands):
    def missing():
        raise ReceiverError("soapy: the library is missing")

    found, wrong = attached([missing, lambda: [DONGLE]])
    assert (found, wrong) == ([DONGLE], ["soapy: the library is missing"])
    lines = list(listing(found, wrong, bands))
    assert lines[0] == "rtlsdr:7  RTL-SDR"
    assert lines[-1] == "soapy: the library is missing"
    assert list(listing([], [], bands)) == ["no receiver is attached"]


@pytest.mark.parametrize("away", [False, True])
def test_the_command_lists_a_dongle_that_is_attached(away):
    with fake_dongle() as dongle:
        if away:
            dongle.unplug()
        command = [sys.executable, str(ROOT / "wingwatch.py"), "sensor", "--list"]
        done = subprocess.run(command, env=dongle.environment, capture_output=True, text=True, check=True, timeout=60)
    first, *rest = done.stdout.splitlines()
    assert first == ("no receiver is attached" if away else f"rtlsdr:{SERIAL}  RTL-SDR")
    assert away or rest[0] == "  tunes 24 to 1766 MHz"
    assert away or "LTE 1 (1920 to 1980 MHz)" in rest[1]


def test_the_command_records_a_dongle(tmp_path):
    with fake_dongle() as dongle:
        out = tmp_path / "air.sigmf-meta"
        command = [sys.executable, str(ROOT / "wingwatch.py"), "record", str(out), "--seconds", "0.2"]
        subprocess.run(command, env=dongle.environment, capture_output=True, check=True, timeout=60)
    assert out.with_suffix(".sigmf-data").stat().st_size == 2 * 480_000
