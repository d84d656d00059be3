"""The scan plan as the command prints it, and what it is made of."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from sdr.defaults import band_plan
from sdr.scan import HARDWARE, bands_named, policy_of, reach_of, searched
from sdr.scan_table import percent

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 23)


def printed(*arguments):
    command = [sys.executable, "-W", "error", str(ROOT / "wingwatch.py"), "plan", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"COLUMNS": "120", "LANG": "C.UTF-8"}
    )


def test_the_plan_of_a_dongle_says_what_it_meets_and_what_it_never_hears():
    done = printed("--country", "fr", "--band", "P-GSM 900", "--band", "LTE 7")
    assert (done.returncode, done.stderr) == (0, "")
    gsm = next(line for line in done.stdout.splitlines() if "P-GSM 900" in line)
    chances = [float(number) for number in re.findall(r"([\d.]+) %", gsm)]
    # Eleven tunings: a lone burst is heard in one second of 11.55.
    assert chances[0] == pytest.approx(100 / 11.55, abs=0.2)
    assert chances == sorted(chances)
    assert "no receiver here tunes that far" in next(line for line in done.stdout.splitlines() if "LTE 7" in line)


def test_two_dongles_come_round_twice_as_often():
    one, two = (printed("--country", "fr", "--band", "LTE 20", *["--receiver", "rtlsdr"] * n) for n in (1, 2))
    revisits = [float(re.findall(r"([\d.]+) s", done.stdout)[0]) for done in (one, two)]
    assert revisits[1] == pytest.approx(7 / 13 * revisits[0], rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--receiver", "crystal"], "receiver='crystal' is not known; expected one of rtlsdr"),
        (["--band", "LTE 99"], "band='LTE 99' is not in use here"),
        (["--policy", "random"], "policy='random' is not known; expected one of fixed, round-robin, priority"),
        (["--dwell", "0"], "dwell_s=0.0 is not positive"),
        (["--country", "xx"], "there is no band plan for country='xx'"),
    ],
)
def test_what_cannot_be_planned_is_said_in_one_line(arguments, said):
    done = printed(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_band_of_two_countries_is_planned_once():
    bands = bands_named(band_plan(), ["LTE 20"], day=TODAY)
    assert [band.name for band in bands] == ["LTE 20"]


def test_a_dongle_reaches_what_the_design_says_and_nothing_above():
    bands = {band.name: band for band in bands_named(band_plan(), [], day=TODAY)}
    dongle = reach_of("rtlsdr")
    assert all(bands[name].high_hz <= dongle.high_hz for name in ("P-GSM 900", "LTE 8", "LTE 20", "LTE 28"))
    assert all(bands[name].low_hz > dongle.high_hz for name in ("LTE 1", "LTE 7", "NR n78"))
    assert all(reach.name == kind for kind, reach in HARDWARE.items())
    assert {policy_of("fixed"), *searched()} == {"fixed", "gsm", "lte"}


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0 %"), (1.0, "100 %"), (1e-6, "< 0.1 %"), (0.99999, "> 99.9 %"), (0.5, "50.0 %"), (0.0621, "6.2 %")],
)
def test_what_is_not_certain_is_never_rounded_to_certainty(share, said):
    assert percent(share) == said
