"""A source that is taken on a tour: every sample bears the tuning that it was received at, through every kind of receiver."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, pairwise

import numpy as np
import pytest

from detector.scan import Policy, Reference, Rhythm, Tour, set_out
from detector.types import IqBlock
from sdr.samples import FORMATS, from_iq
from sdr.scan import REFERENCE_DWELL_S, tour_of
from sdr.scanning import Scanning
from sdr.settings import SettingsError, load_settings
from tests.sdr.fake_dongle import fake_dongle, rtl_tcp

DAY = date(2026, 3, 1)
RATE_HZ = 2.4e6
LEVELS = {890e6: 40, 895e6: 120, 900e6: 200}
"""What the converter gives on average, by centre: so every sample says where it was received."""


@pytest.fixture(scope="module")
def airs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("airs")
    rng = np.random.default_rng(list(b"airs"))
    for centre_hz, level in LEVELS.items():
        noise = rng.integers(level - 20, level + 21, 1 << 21).astype(np.uint8)
        (folder / f"{centre_hz / 1e3:.0f}.cu8").write_bytes(noise.tobytes())
    return folder


def strangers(block):
    """Samples of a block that were received elsewhere."""
    steps = np.frombuffer(from_iq(block.samples, FORMATS["cu8"]), np.uint8).astype(int)
    return int(np.count_nonzero(np.abs(steps - LEVELS[block.tuning.centre_hz]) > 25))


def toured(source, centres, stay_s=0.4):
    """Blocks of a stay at each centre in turn; the source is told to move on behind each."""
    left, heard, at_hz = list(centres[1:]), 0, centres[0]
    for block in source.blocks():
        yield block
        heard += block.samples.size if block.tuning.centre_hz == at_hz else 0
        if heard > stay_s * RATE_HZ:
            if not left:
                return
            heard, at_hz = 0, left.pop(0)
            source.tune(at_hz)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rtlsdr", "rtltcp", "soapy"])
def test_every_sample_bears_the_tuning_that_it_was_received_at(kind, airs):
    centres = list(LEVELS) * 3
    with ExitStack() as stack:
        dongle = stack.enter_context(fake_dongle(AIRS=str(airs), TUNE_S="0.02"))
        address = stack.enter_context(rtl_tcp(dongle)) if kind == "rtltcp" else {"soapy": "driver=rtlsdr"}.get(kind, "")
        source = stack.enter_context(dongle.source(kind=kind, address=address, centre_hz=centres[0]))
        blocks = list(toured(source, centres))
        assert (source.state.faults, source.state.dropped) == (0, 0)
    assert [centre_hz for centre_hz, _ in groupby(block.tuning.centre_hz for block in blocks)] == centres
    assert sum(map(strangers, blocks)) == 0
    # What was left out while it settled is no gap, and is all that is missing.
    assert all(before.stop == after.start - after.left_out for before, after in pairwise(blocks))
    assert [block.fresh for block in blocks] == [True] + [a.tuning != b.tuning for a, b in pairwise(blocks)]
    assert all(0.049 <= block.left_out / RATE_HZ < 0.5 for block in blocks[1:] if block.fresh)


@pytest.mark.slow
def test_a_dongle_that_fails_on_its_way_comes_back_where_it_was_going(airs):
    with fake_dongle(AIRS=str(airs), TUNE_S="0.5") as dongle, dongle.source(centre_hz=890e6) as source:
        stream = source.blocks()
        next(stream)
        source.tune(900e6)
        dongle.unplug()
        next(block for block in stream if not block.samples.size)
        dongle.plug_in()
        back = next(block for block in stream if block.samples.size and block.fresh)
        assert back.tuning.centre_hz == source.tuning.centre_hz == 900e6
        assert strangers(back) == 0


@pytest.mark.slow
def test_a_tuner_that_hangs_is_a_fault():
    with fake_dongle(TUNE_S="30") as dongle, dongle.source(centre_hz=890e6) as source:
        stream = source.blocks()
        next(stream)
        source.tune(900e6)
        back = next(block for block in stream if block.tuning.centre_hz == 900e6)
        assert (back.fresh, source.state.faults) == (True, 1)


@dataclass
class Tunable:
    """A source of noise whose level depends on where it is tuned; it settles within a block."""

    levels: dict[float, float]
    tuning: object = field(default_factory=lambda: FORMATS["cu8"].tuning(256e3, 890e6))
    told: list[float] = field(default_factory=list)

    def tune(self, centre_hz):
        self.told.append(centre_hz)

    def blocks(self, count):
        rng, fresh = np.random.default_rng(1), True
        for n in range(count):
            if self.told and self.told[-1] != self.tuning.centre_hz:
                self.tuning, fresh = FORMATS["cu8"].tuning(256e3, self.told[-1]), True
            noise = rng.normal(0, self.levels[self.tuning.centre_hz], (8192, 2)).view(complex)[:, 0]
            yield IqBlock(tuning=self.tuning, start=n * 8192, samples=noise.astype(np.complex64), fresh=fresh)
            fresh = False


def test_the_reference_carriers_level_is_measured_and_its_samples_are_not_searched():
    reference = Reference(centre_hz=940.032e6, every_s=5.0, dwell_s=0.2)
    tour = Tour(rhythm=Rhythm(windows=2, dwell_s=0.5), centres_hz=(890e6, 895e6), reference=reference)
    source = Tunable({890e6: 0.01, 895e6: 0.01, 940.032e6: 0.05})
    scanning = Scanning(tour, reference_hz=940e6, tune=source.tune)
    assert (scanning.reference_hz, scanning.reference_dbfs) == (940e6, None)
    searched = []
    for block in source.blocks(400):
        if scanning.search(block):
            searched.append(block.tuning.centre_hz)
        scanning.move(block, heard=False)
    assert set(searched) == {890e6, 895e6}
    assert source.told.count(940.032e6) == pytest.approx(400 * 8192 / 256e3 / 5.7, abs=1)
    # Of white noise in 256 kHz, 200 kHz that reach from 132 kHz below to 68 kHz above the centre.
    assert scanning.reference_dbfs == pytest.approx(10 * np.log10(2 * 0.05**2 * 196 / 256), abs=0.2)


def test_what_becomes_known_when_a_window_was_left_brings_the_receiver_back_sooner():
    tour = Tour(rhythm=Rhythm(windows=3, policy=Policy.PRIORITY, dwell_s=0.5), centres_hz=(890e6, 895e6, 900e6))
    source = Tunable(dict.fromkeys(tour.centres_hz, 0.01))
    scanning = Scanning(tour, reference_hz=None, tune=source.tune)
    for block in source.blocks(2000):
        if block.fresh and source.told[-2:-1] == [895e6]:
            scanning.late(895e6, stop=block.start, sample_rate_hz=256e3)
        scanning.search(block)
        scanning.move(block, heard=False)
    counts = [source.told.count(centre_hz) for centre_hz in tour.centres_hz]
    assert counts[1] > 1.7 * max(counts[0], counts[2])


def told(**settings):
    return load_settings(None, **({"name": "B1", "token": "t", "source": "rtlsdr:1"} | settings))


def test_a_sensor_without_bands_stays_where_it_is(plan):
    tour = tour_of(told(), plan, day=DAY)
    assert tour.still
    assert set_out(tour).centre_hz == 897e6


def test_receivers_of_one_host_share_all_windows_of_a_band_and_none_twice(plan):
    sources = ["rtlsdr:1", "rtlsdr:2", "soapy:driver=hackrf"]
    names = ["E-GSM 900, lower part", "P-GSM 900"]
    alone = tour_of(told(bands=names, country="fr"), plan, day=DAY).centres_hz
    parts = [tour_of(told(source=one, bands=names, shared_by=sources), plan, day=DAY).centres_hz for one in sources]
    assert sorted(centre_hz for part in parts for centre_hz in part) == sorted(alone)
    assert [len(part) for part in parts] == [5, 5, 5]


def test_a_list_of_centres_and_a_reference_make_a_tour(plan):
    tour = tour_of(told(centre_hz=[890e6, 895e6], reference_hz=940e6, dwell_s=0.7), plan, day=DAY)
    assert (tour.centres_hz, tour.rhythm.dwell_s, tour.still) == ((890e6, 895e6), 0.7, False)
    assert tour.reference == Reference(centre_hz=940.3e6, every_s=60.0, dwell_s=REFERENCE_DWELL_S)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bands": ["LTE 99"]}, "band='LTE 99' is not in use here; there are"),
        ({"bands": ["LTE 7"]}, "bands: 'rtlsdr:1' hears none of LTE 7"),
        ({"bands": ["LTE 20"], "centre_hz": 840e6}, "bands and centre_hz are both set; give one of them"),
        ({"bands": ["LTE 20"], "shared_by": ["rtlsdr:2"]}, "shared_by: expected different receivers, 'rtlsdr:1'"),
        ({"bands": ["LTE 20"], "source": "sim:"}, "what 'sim:' can hear is not known; set centre_hz instead"),
        ({"centre_hz": [1e9, 2e9], "source": "sim:"}, "source='sim:' cannot be tuned; one centre_hz, no reference_hz"),
        ({"centre_hz": [1e9, 2e9], "policy": "random"}, "policy='random' is not known; expected one of fixed"),
    ],
)
def test_what_cannot_be_toured_is_said_in_one_line(settings, message, plan):
    with pytest.raises(SettingsError, match=r"^settings: ") as caught:
        tour_of(told(**settings), plan, day=DAY)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
