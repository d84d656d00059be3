from datetime import date

import pytest

from detector.bands import BandPlanError, channel_of, parse_plan, ranges, union
from detector.types import Technology, Tuning
from sdr.defaults import COUNTRIES, band_plan

TURNED = """
country = "X"
as_of = 2026-01-01
[[band]]
name = "odd"
technology = "lte"
uplink_mhz = [2, 1]
numbering = "N"
origin_mhz = 1
origin_number = 1
spacing_khz = 1
"""


@pytest.mark.parametrize(
    ("technology", "mhz", "channel"),
    [
        ("gsm", 890.2, "ARFCN 1"),
        ("gsm", 890.0, "ARFCN 0"),
        ("gsm", 914.8, "ARFCN 124"),
        ("gsm", 880.2, "ARFCN 975"),
        ("gsm", 889.8, "ARFCN 1023"),
        ("gsm", 1710.2, "ARFCN 512"),
        ("gsm", 1784.8, "ARFCN 885"),
        ("lte", 882.5, "EARFCN 21475"),
        ("lte", 847.0, "EARFCN 24300"),
        ("lte", 1747.5, "EARFCN 19575"),
        ("lte", 725.5, "EARFCN 27435"),
        ("lte", 1950.0, "EARFCN 18300"),
        ("lte", 2535.0, "EARFCN 21100"),
        ("umts", 1922.4, "UARFCN 9612"),
        ("umts", 882.4, "UARFCN 2712"),
        ("nr", 725.5, "NR-ARFCN 145100"),
        ("nr", 3600.0, "NR-ARFCN 640000"),
    ],
)
def test_channel_numbers_are_the_standards(plan, technology, mhz, channel):
    assert str(channel_of(plan, Technology(technology), mhz * 1e6)) == channel


def test_a_downlink_has_no_channel(plan):
    assert channel_of(plan, Technology.GSM, 937e6) is None


def test_ranges_are_cut_to_the_received_band_and_merged(plan):
    tuning = Tuning(sample_rate_hz=2.4e6, centre_hz=890e6)
    assert ranges(plan, Technology.GSM, tuning) == ((-1.2e6, 1.2e6),)
    assert ranges(plan, Technology.GSM, Tuning(sample_rate_hz=2.4e6, centre_hz=914.9e6)) == (
        (-1.2e6, pytest.approx(0.1e6)),
    )
    assert ranges(plan, Technology.GSM, Tuning(sample_rate_hz=2.4e6, centre_hz=433.9e6)) == ()


def test_a_band_of_unknown_centre_is_searched_whole(plan):
    assert ranges(plan, Technology.LTE, Tuning(sample_rate_hz=2.4e6)) == ((-1.2e6, 1.2e6),)


def test_a_band_is_used_between_its_dates():
    gsm = Tuning(sample_rate_hz=1e6, centre_hz=900e6)
    assert ranges(band_plan("gb"), Technology.GSM, gsm, date(2026, 11, 1))
    assert not ranges(band_plan("gb"), Technology.GSM, gsm, date(2040, 1, 1))
    assert ranges(band_plan("gb"), Technology.GSM, gsm, None)


def test_every_delivered_plan_reads_and_the_union_holds_each_band_once():
    plans = [band_plan(code) for code in COUNTRIES]
    together = union(plans)
    assert len(set(together.bands)) == len(together.bands)
    assert set(together.bands) == {band for plan in plans for band in plan.bands}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("country = 1 2", "not TOML"),
        ('country = "FR"', "as_of is missing"),
        ('country="X"\nas_of=2026-01-01\n[[band]]\nname="odd"\ntechnology="fax"', "odd: 'fax' is not a valid"),
        (
            TURNED,
            r"odd: uplink_mhz=\[2, 1\] is not ascending",
        ),
    ],
)
def test_a_wrong_plan_says_what_is_wrong(text, message):
    with pytest.raises(BandPlanError, match=message):
        parse_plan(text.encode())
