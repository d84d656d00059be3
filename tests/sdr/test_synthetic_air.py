"""What the sensors of the simulated air hear: levels, noise, agreement, and the recordings made of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import islice

import numpy as np
import pytest

from detector.site import SensorPlace, parse_site
from detector.types import Label, Tuning
from sdr.recording import blocks, open_recording
from sdr.synthetic.acts import Act
from sdr.synthetic.population import CENTRE_HZ, populate
from sdr.synthetic.propagation import Building, channel, loss_db, shadowing_db
from sdr.synthetic.receiver import BLOCK_SAMPLES, FORMAT, Receiver, receiver_of
from sdr.synthetic.reception import Reception, link_of, receive
from sdr.synthetic.recording import write_recording
from sdr.synthetic.source import SimulatedSource, place_of
from sdr.synthetic.timetable import episodes

SITE = parse_site(files("sdr.synthetic").joinpath("demo-site.toml").read_bytes())
EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
RATE = 1.92e6
CLEAN = Receiver(floor_dbm_hz=-140.0, noise_dbfs=-36.0, error_hz=0.0, dc_dbfs=-90.0, spurs=())
NOWHERE = Building(wall_db=200.0)
"""A building in which no phone is heard."""


def reception(sensor="A1", *, seed=1, receiver=CLEAN, opened_s=0.0, rate=RATE, building=None):
    return Reception(
        site=SITE,
        sensor=place_of(SITE, sensor),
        seed=seed,
        tuning=Tuning(sample_rate_hz=rate, centre_hz=CENTRE_HZ, limit=1.0),
        receiver=receiver,
        opened_s=opened_s,
        building=building or Building(),
    )


def listening_to(act, *, rate=RATE):
    """A sensor that hears an act well and without clipping, opened when the act is in full swing."""
    for episode in episodes(populate(SITE, seed=1), seed=1):
        for sensor in SITE.sensors:
            taken = reception(sensor.name, opened_s=episode.start_s + 3.0, rate=rate)
            snr_db = link_of(taken, episode).level_dbm - CLEAN.density_dbm_hz() - 53
            if episode.act == act and 18 < snr_db < 30 and episode.stop_s - episode.start_s > 5:
                return taken
    raise AssertionError


def samples_of(data):
    return ((data.astype(np.float32) - FORMAT.offset) / FORMAT.scale).view(np.complex64)


def air(taken, count):
    """So many blocks as one array, and all that was heard in them."""
    pieces = list(islice(receive(taken), count))
    return samples_of(np.concatenate([data for data, _ in pieces])), [one for _, fresh in pieces for one in fresh]


def source(**options):
    return SimulatedSource(SITE, "A1", seed=1, epoch=EPOCH, **({"duration_s": 0.1} | options))


@pytest.mark.parametrize("noise_dbfs", [-40.0, -30.0])
def test_silence_has_the_noise_that_it_is_said_to_have(noise_dbfs):
    receiver = Receiver(floor_dbm_hz=-140.0, noise_dbfs=noise_dbfs, error_hz=0.0, dc_dbfs=-90.0, spurs=())
    iq, heard = air(reception(receiver=receiver, building=NOWHERE), 16)
    assert not heard
    spectra = np.fft.fft(iq.reshape(-1, 256), axis=1) / 256
    density = np.mean(np.abs(spectra) ** 2, axis=0)
    middle = np.r_[2:60, 256 - 60 : 254]
    quantiser = 2 / 12 / FORMAT.scale**2
    expected = (10 ** (noise_dbfs / 10) + quantiser) / 256
    # 2,048 exponential variables in each of 116 bins, each piece of noise used twice at most: five standard deviations.
    assert density[middle].mean() == pytest.approx(expected, rel=5 * np.sqrt(2 / (2048 * 116)))
    assert density[128] < 0.5 * density[middle].mean()


def test_noise_does_not_repeat():
    iq, _ = air(reception(building=NOWHERE), 12)
    pieces = iq.reshape(12, -1)
    overlap = np.abs(pieces @ pieces.conj().T) / np.mean(np.abs(iq) ** 2) / BLOCK_SAMPLES
    assert overlap[~np.eye(12, dtype=bool)].max() < 0.6


def test_samples_stand_on_the_converters_grid_and_never_beyond_it():
    with source(sample_rate_hz=1.2e6) as opened:
        block = next(iter(opened.blocks()))
    steps = block.samples.view(np.float32) * FORMAT.scale + FORMAT.offset
    assert steps == pytest.approx(np.round(steps), abs=1e-3)
    assert np.abs(block.samples.view(np.float32)).max() <= block.tuning.limit == 1.0


def test_a_receiver_has_lines_of_its_own():
    receiver = Receiver(floor_dbm_hz=-140.0, noise_dbfs=-36.0, error_hz=0.0, dc_dbfs=-40.0, spurs=((0.25, -50.0),))
    iq, _ = air(reception(receiver=receiver, building=NOWHERE), 4)
    power_db = 10 * np.log10(np.abs(np.fft.fft(iq) / iq.size) ** 2)
    # A line keeps its phase over the blocks; noise adds less than 0.5 dB to it in a bin of 15 Hz.
    assert power_db[0] == pytest.approx(-40, abs=0.5)
    assert power_db[iq.size // 4] == pytest.approx(-50, abs=0.5)


@pytest.mark.parametrize(("act", "label"), [(Act.UPLOAD, Label.LTE_PUSCH), (Act.CALL, Label.GSM_NB)])
def test_every_burst_has_the_level_that_the_truth_says(act, label):
    rate = 3.84e6
    iq, heard = air(listening_to(act, rate=rate), 120)
    quiet = 10 ** (CLEAN.noise_dbfs / 10) / rate
    # Where the noise adds little, the converter does not clip, and the filter is flat.
    strong = [
        one
        for one in heard
        if one.transmission.label == label
        and 15 < one.snr_db < 35
        and one.first > 0
        and max(-one.lower_hz, one.upper_hz) < 0.35 * rate
    ]
    errors_db = []
    for one in strong:
        piece = iq[one.first : one.first + one.iq.size]
        frequency_hz = np.fft.fftfreq(piece.size, 1 / rate)
        inside = (frequency_hz >= one.lower_hz) & (frequency_hz <= one.upper_hz)
        power = (np.abs(np.fft.fft(piece)) ** 2)[inside].sum() / piece.size**2
        errors_db.append(10 * np.log10(power / quiet / (one.upper_hz - one.lower_hz)) - one.snr_db)
    assert len(strong) > 20
    assert abs(np.median(errors_db)) < 0.5
    assert np.quantile(np.abs(errors_db), 0.9) < 1.5


def test_sensors_of_a_wing_hear_the_same_bursts_at_the_same_time():
    one = listening_to(Act.VOICE)
    other = next(place for place in SITE.sensors if place.wing == one.sensor.wing and place != one.sensor)
    _, first = air(one, 60)
    _, second = air(replace(one, sensor=other), 60)
    times = [{(one.episode, one.transmission.start_s) for one in heard} for heard in (first, second)]
    assert len(times[0] & times[1]) > 0.9 * max(map(len, times)) > 0


def test_a_source_that_opens_later_hears_the_same_bursts():
    first = listening_to(Act.CALL)
    _, early = air(first, 120)
    _, late = air(replace(first, opened_s=first.opened_s + 60 * BLOCK_SAMPLES / RATE), 60)
    expected = [one for one in early if one.first >= 60 * BLOCK_SAMPLES]
    found = [one for one in late if one.first >= 0]
    assert [one.first + 60 * BLOCK_SAMPLES for one in found] == [one.first for one in expected]
    assert all(np.allclose(a.iq, b.iq, atol=1e-2) for a, b in zip(found, expected, strict=True))


def test_a_source_tuned_to_an_empty_band_goes_on():
    with source(centre_hz=1750e6, duration_s=20 * BLOCK_SAMPLES / RATE) as simulated:
        powers = [np.mean(np.abs(block.samples) ** 2) for block in simulated.blocks()]
    assert len(powers) == 20
    assert max(powers) < 2 * min(powers)


def test_half_a_burst_is_heard_by_a_source_that_opens_in_its_middle():
    first = listening_to(Act.CALL)
    _, early = air(first, 60)
    chosen = next(one for one in early if one.snr_db > 15 and one.first > 1000)
    middle_s = first.opened_s + (chosen.first + chosen.iq.size // 2) / RATE
    iq, late = air(replace(first, opened_s=middle_s), 1)
    assert late[0].transmission.start_s == chosen.transmission.start_s
    assert late[0].first < 0
    rest = iq[: late[0].iq.size + late[0].first]
    assert np.mean(np.abs(rest) ** 2) > 2 * 10 ** (CLEAN.noise_dbfs / 10)


def test_the_same_arguments_give_the_same_samples():
    one, same, other = (
        [b.samples for b in SimulatedSource(SITE, name, seed=1, epoch=EPOCH, duration_s=0.6).blocks()]
        for name in ("A1", "A1", "A2")
    )
    assert np.array_equal(np.concatenate(one), np.concatenate(same))
    assert not np.array_equal(np.concatenate(one), np.concatenate(other))


@pytest.mark.parametrize("duration_s", [0.1, BLOCK_SAMPLES / RATE, 1e-6])
def test_a_source_is_gapless_ends_in_time_and_waits_for_each_block(duration_s):
    waited = []
    opened = EPOCH + timedelta(seconds=5)
    with source(duration_s=duration_s, opened=opened, pace=waited.append) as simulated:
        given = list(simulated.blocks())
        assert [block.start for block in given] == [0, *(block.stop for block in given[:-1])]
        assert given[-1].stop == int(np.ceil(duration_s * RATE))
        assert waited == [simulated.utc_of(block.stop) for block in given]
    assert simulated.utc_of(0) == opened
    assert given[0].tuning == simulated.tuning


def test_a_closed_source_gives_nothing_more_and_each_opening_is_another_boot():
    simulated = source(duration_s=None)
    given = simulated.blocks()
    next(given)
    simulated.close()
    assert next(given, None) is None
    assert simulated.boot != source().boot


def test_senseless_openings_are_refused():
    with pytest.raises(KeyError, match="Z9"):
        SimulatedSource(SITE, "Z9", seed=1, epoch=EPOCH)
    with pytest.raises(ValueError, match="before the epoch"):
        source(opened=EPOCH - timedelta(seconds=1))
    with pytest.raises(ValueError, match="multiple of 15000"):
        source(sample_rate_hz=1.0833e6)
    with pytest.raises(ValueError, match="not in UTC"):
        SimulatedSource(SITE, "A1", seed=1, epoch=EPOCH.replace(tzinfo=None))


def test_loss_grows_with_distance_floors_and_walls():
    building = Building()
    phone = populate(SITE, seed=1)[0]
    x, y, z = phone.place_m
    near, far, above = (
        SensorPlace(name="S", wing=phone.cell.wing, place_m=place)
        for place in ((x, y + 2, z), (x, y + 8, z), (x, y + 2, z + 3))
    )
    outside = SensorPlace(name="S", wing=None, place_m=near.place_m)
    losses = [loss_db(phone, sensor, building) for sensor in (near, far, above, outside)]
    assert losses[0] < min(losses[1:])
    assert losses[3] - losses[0] == pytest.approx(building.wing_db)
    assert losses[2] - losses[0] > building.floor_db


def test_shadowing_belongs_to_cell_and_sensor_and_spreads_as_it_should():
    values = np.array(
        [[shadowing_db(cell, sensor, Building(), seed=1) for sensor in SITE.sensors] for cell in SITE.cells]
    )
    assert values[3, 2] == shadowing_db(SITE.cells[3], SITE.sensors[2], Building(), seed=1)
    # 360 normal variables: five standard deviations of their spread.
    assert values.std() == pytest.approx(4.0, rel=5 / np.sqrt(2 * values.size))
    assert abs(values.mean()) < 5 * 4.0 / np.sqrt(values.size)


def test_fading_is_slow_and_of_unit_power():
    gains = np.array([channel(n, SITE.sensors[0], seed=1).gain(0.0, 0.0) for n in range(2000)])
    # The direct path takes 80 % of the power, so the power varies by sqrt(1 - 0.8 ** 2) = 0.6.
    assert np.mean(np.abs(gains) ** 2) == pytest.approx(1, abs=5 * 0.6 / np.sqrt(2000))
    one = channel(1, SITE.sensors[0], seed=1)
    assert abs(one.gain(10.0, 0.0) - one.gain(10.01, 0.0)) < 2 * np.pi * 1.5 * 0.01 * 3


def test_a_recording_is_the_sources_samples_with_the_truth(tmp_path):
    path = tmp_path / "air.sigmf-meta"
    wing = next(episodes(populate(SITE, seed=1), seed=1)).phone.cell.wing
    sensor = next(place.name for place in SITE.sensors if place.wing == wing)
    write_recording(path, SITE, sensor, seconds=1.5, seed=1, epoch=EPOCH)
    recording = open_recording(path)
    assert recording.samples == round(1.5 * RATE)
    assert recording.captures[0].centre_hz == CENTRE_HZ
    with SimulatedSource(SITE, sensor, seed=1, epoch=EPOCH, duration_s=1.5) as simulated:
        expected = np.concatenate([block.samples for block in simulated.blocks()])
    assert np.array_equal(np.concatenate([block.samples for block in blocks(recording)]), expected)
    annotations = json.loads(path.read_text())["annotations"]
    assert annotations
    for entry in annotations:
        assert Label(entry["core:label"]) != Label.UNKNOWN
        assert 0 <= entry["core:sample_start"] < entry["core:sample_start"] + entry["core:sample_count"]
        assert entry["core:sample_start"] + entry["core:sample_count"] <= recording.samples
        assert 896.0e6 < entry["core:freq_lower_edge"] < entry["core:freq_upper_edge"] < 898.0e6


def test_what_the_band_or_the_end_cuts_is_marked(tmp_path):
    path = tmp_path / "air.sigmf-meta"
    write_recording(path, SITE, "C2", seconds=2.0, seed=1, sample_rate_hz=1.2e6)
    for entry in json.loads(path.read_text())["annotations"]:
        cut = entry["core:freq_lower_edge"] == CENTRE_HZ - 0.6e6 or entry["core:freq_upper_edge"] == CENTRE_HZ + 0.6e6
        ends = entry["core:sample_start"] + entry["core:sample_count"] == 2.4e6
        assert entry.get("bench:partial", False) == cut or ends


def test_only_metadata_names_are_written(tmp_path):
    with pytest.raises(ValueError, match="sigmf-meta"):
        write_recording(tmp_path / "air.wav", SITE, "A1", seconds=0.1, seed=1)


def test_each_sensor_has_a_receiver_of_its_own():
    receivers = [receiver_of(sensor, seed=1) for sensor in SITE.sensors]
    assert len({receiver.error_hz for receiver in receivers}) == len(receivers)
    assert receivers[0] == receiver_of(SITE.sensors[0], seed=1)
