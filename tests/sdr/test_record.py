import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sigmf.validate import validate

from detector.types import IqBlock
from sdr.record import PlaceError, Recorded, parse_place, record
from sdr.recording import blocks, open_recording
from sdr.samples import FORMATS, from_iq, to_iq
from sdr.sigmf import Pair
from sdr.source import CapturedBlock, SourceState
from sdr.sources import demo_site
from sdr.synthetic.recording import write_recording

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
RATE = 1e6
TUNING = FORMATS["cu8"].tuning(RATE, 897e6)


@dataclass
class Tape:
    """A receiver that gives some bytes, some of which are lost before a block."""

    data: bytes
    lost: dict[int, int] = field(default_factory=dict)
    size: int = 1000
    end: Exception | None = None
    tuning = TUNING
    state = SourceState(gain_db=29.7, hardware="RTL-SDR 7")

    def utc_of(self, sample):
        return EPOCH + timedelta(seconds=sample / RATE)

    def blocks(self):
        missing = 0
        for start in range(0, len(self.data) // 2, self.size):
            missing += self.lost.get(start, 0)
            if start in self.lost:
                yield IqBlock(tuning=TUNING, start=start, samples=np.empty(0, np.complex64))
            yield CapturedBlock(
                tuning=TUNING,
                start=start + missing,
                samples=to_iq(self.data[2 * start :][: 2 * self.size], FORMATS["cu8"]),
                boot="b",
                monotonic_s=0.0,
                utc=self.utc_of(start + missing),
                utc_error_s=0.002,
                gain_db=29.7,
                clipped=3,
            )
        if self.end is not None:
            raise self.end


@pytest.fixture
def path(tmp_path):
    return tmp_path / "air.sigmf-meta"


@pytest.mark.parametrize("name", FORMATS)
def test_bytes_come_back_to_the_bit(name, rng):
    fmt = FORMATS[name]
    kind = np.dtype(fmt.dtype)
    values = np.arange(256) if kind.itemsize == 1 else rng.integers(-32768, 32768, 10_000)
    data = (rng.standard_normal(1000) if kind.kind == "f" else values).astype(kind).tobytes()
    assert from_iq(to_iq(data, fmt), fmt) == data


def test_a_recording_holds_the_samples_as_they_came_and_what_they_came_from(path, rng):
    data = rng.bytes(2 * 5000)
    assert record(Tape(data), path, seconds=0.0045) == Recorded(samples=4500, gaps=0, clipped=15)
    assert path.with_suffix(".sigmf-data").read_bytes() == data[:9000]
    metadata = json.loads(path.read_text())
    validate(metadata)
    about, (capture,) = metadata["global"], metadata["captures"]
    assert (about["core:hw"], about["core:datatype"], about["core:sample_rate"]) == ("RTL-SDR 7", "cu8", RATE)
    assert (capture["wingwatch:gain_db"], capture["core:frequency"]) == (29.7, 897e6)
    assert capture["core:datetime"] == "2026-03-01T00:00:00.000000Z"
    assert sum(block.samples.size for block in blocks(open_recording(path))) == 4500


def test_a_place_is_written_only_when_it_is_given(path, rng):
    record(Tape(rng.bytes(2000)), path, seconds=0.001)
    assert "geolocation" not in path.read_text()
    record(Tape(rng.bytes(2000)), path, seconds=0.001, place=parse_place("48.76,2.32"), overwrite=True)
    metadata = json.loads(path.read_text())
    validate(metadata)
    assert metadata["global"]["core:geolocation"] == {"type": "Point", "coordinates": [2.32, 48.76]}


@pytest.mark.parametrize("text", ["", "48.7", "91,0", "0,181", "north,west", "1,2,3", "nan,0"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(PlaceError, match="is no latitude and longitude"):
        parse_place(text)


def test_each_gap_begins_a_capture_that_says_where_it_stands_on_the_sources_count(path, rng):
    done = record(Tape(rng.bytes(2 * 5000), lost={2000: 77, 4000: 5}), path, seconds=1.0)
    captures = json.loads(path.read_text())["captures"]
    assert done.gaps == 2
    assert [(c["core:sample_start"], c["core:global_index"]) for c in captures] == [(0, 0), (2000, 2077), (4000, 4082)]
    assert [c.start for c in open_recording(path).captures] == [0, 2000, 4000]


def test_what_is_there_is_not_written_over_unless_told(path, rng):
    record(Tape(rng.bytes(2000)), path, seconds=0.001)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=r"air\.sigmf-meta is there already"):
        record(Tape(rng.bytes(2000)), path, seconds=0.001)
    assert path.read_bytes() == before
    path.unlink()
    with pytest.raises(FileExistsError, match=r"air\.sigmf-data is there already"):
        record(Tape(rng.bytes(2000)), path, seconds=0.001)


def test_told_to_stop_it_keeps_what_it_has(path, rng):
    assert record(Tape(rng.bytes(2 * 5000)), path, seconds=9.0, stopped=lambda: True).samples == 1000
    assert open_recording(path).samples == 1000


@pytest.mark.parametrize("end", [KeyboardInterrupt(), OSError("gone")])
def test_what_is_interrupted_leaves_neither_data_nor_metadata(path, rng, end):
    with pytest.raises(type(end)):
        record(Tape(rng.bytes(4000), end=end), path, seconds=1.0)
    assert list(path.parent.iterdir()) == []


def test_metadata_that_cannot_be_written_leaves_nothing(path, monkeypatch):
    with Pair(path) as pair:
        pair.write(b"ab")
        monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            pair.finish({}, [])
    assert list(path.parent.iterdir()) == []


def test_simulated_air_is_not_written_over_either(path):
    path.touch()
    with pytest.raises(FileExistsError):
        write_recording(path, demo_site(), "B1", seconds=0.1, seed=1)
