import json
from datetime import UTC, datetime
from itertools import islice, pairwise

import numpy as np
import pytest

from sdr.defaults import default_profile
from sdr.recording import RecordingError
from sdr.settings import load_settings
from sdr.source import SourceError
from sdr.sources import SOURCES
from sdr.sources import open_source as open_with

LONG_AGO = datetime(2026, 3, 1, tzinfo=UTC)


def late_clock():
    """Stands at the opening when first read, and an hour later ever after, so that every block is due."""
    moments = iter([LONG_AGO])
    return lambda: next(moments, LONG_AGO.replace(hour=1))


@pytest.fixture
def clock():
    return late_clock()


def open_source(settings, *, clock):
    return open_with(settings, clock=clock, levels=default_profile().receiver)


def settings(source, **options):
    return load_settings(None, **{"name": "B1", "token": "t", "sample_rate_hz": 1.92e6} | options, source=source)


@pytest.mark.parametrize("word", ["dongle:", "rtlsdr", "", "SIM:"])
def test_an_unknown_word_names_the_known_ones(word, clock):
    with pytest.raises(SourceError) as caught:
        open_source(settings(word), clock=clock)
    assert str(caught.value) == (
        f"source={word!r} is not known; expected one of rtlsdr:, rtltcp:, soapy:, sigmf:, sim:"
    )
    assert list(SOURCES) == ["rtlsdr", "rtltcp", "soapy", "sigmf", "sim"]


def test_sigmf_replays_a_recording(tmp_path, rng, clock):
    meta = tmp_path / "air.sigmf-meta"
    about = {"core:datatype": "cu8", "core:sample_rate": 1e6, "core:version": "1.0.0"}
    captures = [{"core:sample_start": 0, "core:frequency": 897e6}]
    meta.write_text(json.dumps({"global": about, "captures": captures, "annotations": []}))
    meta.with_suffix(".sigmf-data").write_bytes(rng.bytes(2 * 100_000))
    with open_source(settings(f"sigmf:{meta}"), clock=clock) as source:
        assert (source.tuning.centre_hz, source.tuning.sample_rate_hz) == (897e6, 1e6)
        assert sum(block.samples.size for block in source.blocks()) == 100_000


def test_a_recording_that_is_not_there_is_named(tmp_path, clock):
    with pytest.raises(RecordingError, match=r"gone\.sigmf-meta: No such file"):
        open_source(settings(f"sigmf:{tmp_path / 'gone.sigmf-meta'}"), clock=clock)


def test_sim_gives_blocks_of_the_demo_site(clock):
    with open_source(settings("sim:"), clock=clock) as source:
        heard = list(islice(source.blocks(), 3))
        assert source.utc_of(0) == LONG_AGO
    assert all(a.stop == b.start for a, b in pairwise(heard))
    assert all(np.abs(block.samples).max() > 0 for block in heard)


def test_simulated_air_depends_on_seed_and_epoch_alone():
    def air(**options):
        with open_source(settings("sim:", epoch="2026-02-28T23:59:50Z", **options), clock=late_clock()) as source:
            return np.concatenate([block.samples for block in islice(source.blocks(), 2)])

    np.testing.assert_array_equal(air(seed=1), air(seed=1))
    assert not np.array_equal(air(seed=1), air(seed=2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "Z9"}, "sim: sensor 'Z9' is not in the site"),
        ({"epoch": "yesterday"}, "sim: .*yesterday"),
        ({"epoch": "2027-01-01T00:00:00Z"}, "sim: .*epoch"),
        ({"sample_rate_hz": 1e6}, r"sim: sample_rate_hz=1000000\.0 is not a multiple of 15000\.0 Hz"),
    ],
)
def test_what_cannot_be_simulated_is_said_in_one_line(options, message, clock):
    with pytest.raises(SourceError, match=message):
        open_source(settings("sim:", **options), clock=clock)


@pytest.mark.parametrize(("content", "message"), [(None, "No such file"), ("[[wing]\n", "site: not TOML")])
def test_a_site_file_that_cannot_be_read_is_named(tmp_path, clock, content, message):
    path = tmp_path / "site.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SourceError, match=rf"site\.toml: {message}"):
        open_source(settings(f"sim:{path}"), clock=clock)
