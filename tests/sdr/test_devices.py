import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from sdr import soapy, soapy_library
from sdr.devices import NOTHING, Attached, attached, listing, radios, unheard
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
    assert list(listing([], [], bands)) == [NOTHING]


def test_a_missing_library_says_what_to_install(monkeypatch):
    monkeypatch.setattr(soapy_library, "LIBRARY", "libNotThere.so.0.8")
    monkeypatch.setattr(soapy, "load", soapy_library.load.__wrapped__)
    found, (wrong,) = attached([radios])
    assert found == []
    assert "soapy: libNotThere.so.0.8 cannot be used" in wrong
    assert "apt-get install libsoapysdr0.8" in wrong


@pytest.mark.parametrize("away", [False, True])
def test_the_command_lists_a_dongle_that_is_attached(away):
    with fake_dongle() as dongle:
        if away:
            dongle.unplug()
        command = [sys.executable, str(ROOT / "wingwatch.py"), "sensor", "--list"]
        done = subprocess.run(command, env=dongle.environment, capture_output=True, text=True, check=True, timeout=60)
    first, *rest = done.stdout.splitlines()
    assert first == (NOTHING if away else f"rtlsdr:{SERIAL}  RTL-SDR")
    assert away or rest[0] == "  tunes 24 to 1766 MHz"
    assert away or "LTE 1 (1920 to 1980 MHz)" in rest[1]


def test_the_command_records_a_dongle(tmp_path):
    with fake_dongle() as dongle:
        out = tmp_path / "air.sigmf-meta"
        command = [sys.executable, str(ROOT / "wingwatch.py"), "record", str(out), "--seconds", "0.2"]
        subprocess.run(command, env=dongle.environment, capture_output=True, check=True, timeout=60)
    assert out.with_suffix(".sigmf-data").stat().st_size == 2 * 480_000


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("air", "air: the name of a recording ends in .sigmf-meta"),
        ("gone/air.sigmf-meta", "gone: no such folder"),
        ("there.sigmf-meta", "there.sigmf-meta is there already; remove it, or say --overwrite"),
    ],
)
def test_a_recording_that_cannot_be_written_is_refused_before_a_receiver_is_opened(out, told, tmp_path):
    (tmp_path / "there.sigmf-meta").touch()
    command = [sys.executable, str(ROOT / "wingwatch.py"), "record", out, "--source", "rtlsdr:no such dongle"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (2, f"wingwatch: {told}\n")
