"""Clips as evidence: what they hold, the bound of their ring, a disk that is full, and that samples expire."""

import errno
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.types import Activity, Channel, Detection, IqBlock, Label, Technology
from sdr.clips import ClipRing, ClipsError, clip_name, time_of
from sdr.evidence import CLIP_S, Evidence, read_clip
from sdr.recording import blocks, open_recording
from sdr.samples import FORMATS

ROOT = Path(__file__).parents[2]
EPOCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
RATE = 256e3
TUNING = FORMATS["cu8"].tuning(RATE, 897e6)
DETECTION = Detection(
    technology=Technology.GSM,
    kinds=(Label.GSM_NB,),
    activity=Activity.CALL,
    start=0,
    stop=0,
    freq_lower_hz=20e3,
    freq_upper_hz=40e3,
    channel=Channel(numbering="ARFCN", number=35),
    bursts=9,
    snr_db=9.0,
    power_dbfs=-30.0,
    score=0.99,
    parts={},
    clipped=False,
    emission=7,
    part=1,
    last=False,
    profile="sha256:0",
)


def name(n, ending="npz"):
    return clip_name(EPOCH + timedelta(seconds=n), f"B1-e{n}-p1", ending)


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 1200), max_size=40), max_bytes=st.integers(1, 3000), reopened=st.integers(0, 40))
def test_the_ring_never_exceeds_its_bound_and_keeps_the_latest_that_fit(sizes, max_bytes, reopened, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ring")
    ring, kept = ClipRing(folder, max_bytes=max_bytes), []
    for n, size in enumerate(sizes):
        if n == reopened:
            ring = ClipRing(folder, max_bytes=max_bytes)
        assert ring.put(name(n), bytes(size)) == (size <= max_bytes)
        kept += [(name(n), size)] if size <= max_bytes else []
        while sum(size for _, size in kept) > max_bytes:
            kept.pop(0)
        assert {one.name: one.stat().st_size for one in folder.iterdir()} == dict(kept)
        assert ring.size == sum(size for _, size in kept)


def test_what_is_no_clip_is_neither_counted_nor_deleted(tmp_path):
    (tmp_path / "letter.txt").write_bytes(bytes(5000))
    ring = ClipRing(tmp_path, max_bytes=100)
    for n in range(5):
        assert ring.put(name(n), bytes(90))
    assert sorted(one.name for one in tmp_path.iterdir()) == [name(4), "letter.txt"]
    with pytest.raises(ValueError, match="does not begin with a time"):
        ring.put("letter.npz", b"")


def test_a_disk_that_is_full_costs_the_oldest_clips_and_then_the_new_one(tmp_path):
    disk = 1000

    def write(path, data):
        used = sum(one.stat().st_size for one in tmp_path.iterdir())
        path.write_bytes(data[: max(0, disk - used)])
        if used + len(data) > disk:
            raise OSError(errno.ENOSPC, "No space left on device")

    ring = ClipRing(tmp_path, max_bytes=10**9, write=write)
    assert [ring.put(name(n), bytes(300)) for n in range(5)] == [True] * 5
    assert [time_of(one) for one in sorted(ring._sizes)] == [EPOCH + timedelta(seconds=n) for n in (2, 3, 4)]
    disk = 0
    assert not ring.put(name(6), bytes(300))
    assert not any(one.name.startswith(".") for one in tmp_path.iterdir())
    disk = 1000
    assert ring.put(name(7), bytes(300))


def test_a_limit_of_the_system_is_survived(tmp_path):
    code = (
        "import resource, sys; from pathlib import Path; from sdr.clips import ClipRing\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "ring = ClipRing(Path(sys.argv[1]), max_bytes=10**6)\n"
        f"print(ring.put({name(0)!r}, bytes(500)), ring.put({name(1)!r}, bytes(5000)), ring.put({name(2)!r}, bytes(500)))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True False True\n", "")
    assert sorted(one.name for one in tmp_path.iterdir()) == [name(0), name(2)]


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ClipsError, match=r"clips .*file: "):
        ClipRing(tmp_path / "file", max_bytes=1)


def heard(evidence, *, seconds, gap_at=None, tone_at=0.0):
    """Noise with a tone 30 kHz above the centre from some time on; the blocks that were heard."""
    rng = np.random.default_rng(3)
    count = int(seconds * RATE)
    air = rng.normal(0, 0.03, (count, 2)).view(complex)[:, 0]
    tone = np.arange(count) >= tone_at * RATE
    air += 0.3 * tone * np.exp(2j * np.pi * 30e3 / RATE * np.arange(count))
    lost = 0
    for start in range(0, count, 4096):
        lost = 500 if gap_at is not None and start >= gap_at * RATE else lost
        samples = air[start : start + 4096].astype(np.complex64)
        evidence.hear(IqBlock(tuning=TUNING, start=start + lost, samples=samples))


def utc_of(sample):
    return EPOCH + timedelta(seconds=sample / RATE)


def evidence_in(folder, **options):
    return Evidence(ClipRing(folder, max_bytes=10**8), sensor="B1", clock=lambda: EPOCH, **options)


def test_a_clip_shows_when_and_where_there_was_energy_and_bears_its_detection(tmp_path):
    evidence = evidence_in(tmp_path)
    heard(evidence, seconds=3.0, tone_at=1.5)
    detection = replace(DETECTION, start=int(1.5 * RATE), stop=int(1.8 * RATE))
    evidence.keep(detection, TUNING, utc_of=utc_of)
    (path,) = tmp_path.iterdir()
    clip = read_clip(path)
    rows, bins = np.nonzero(clip.power_dbfs > -20)
    begins = datetime.fromisoformat(clip.about["start_utc"]) + timedelta(seconds=float(rows.min()) * clip.step_s)
    assert abs((begins - utc_of(1.5 * RATE)).total_seconds()) < 2 * clip.step_s
    assert clip.low_hz + clip.bin_hz * np.median(bins) == pytest.approx(897.03e6, abs=clip.bin_hz)
    assert len(clip.power_dbfs) * clip.step_s == pytest.approx(0.4, abs=0.01)
    assert (clip.about["emission"], clip.about["channel"], clip.about["kinds"]) == (7, "ARFCN 35", ["gsm-nb"])
    assert not evidence.full


def test_of_a_long_emission_the_latest_part_is_kept_and_of_a_forgotten_one_nothing(tmp_path):
    evidence = evidence_in(tmp_path)
    heard(evidence, seconds=6.0)
    evidence.keep(replace(DETECTION, stop=int(5.5 * RATE)), TUNING, utc_of=utc_of)
    evidence.keep(replace(DETECTION, stop=int(1.0 * RATE), part=2), TUNING, utc_of=utc_of)
    evidence.keep(replace(DETECTION, stop=int(5.5 * RATE)), FORMATS["cu8"].tuning(RATE, 1e9), utc_of=utc_of)
    (path,) = tmp_path.iterdir()
    assert len(read_clip(path).power_dbfs) * read_clip(path).step_s == pytest.approx(CLIP_S, abs=0.01)


def test_a_clip_is_never_spliced_over_a_gap(tmp_path):
    evidence = evidence_in(tmp_path, keep_iq=timedelta(days=1))
    heard(evidence, seconds=2.0, gap_at=1.6)
    evidence.keep(replace(DETECTION, start=int(1.4 * RATE), stop=int(1.8 * RATE)), TUNING, utc_of=utc_of)
    (path,) = tmp_path.glob("*.sigmf")
    start = datetime.fromisoformat(open_recording(path).metadata["captures"][0]["core:datetime"])
    assert start > utc_of(1.6 * RATE)


def test_samples_are_kept_only_if_switched_on_and_expire(tmp_path):
    evidence = evidence_in(tmp_path)
    heard(evidence, seconds=1.0)
    evidence.keep(replace(DETECTION, stop=int(0.9 * RATE)), TUNING, utc_of=utc_of)
    assert [one.suffix for one in tmp_path.iterdir()] == [".npz"]
    evidence = evidence_in(tmp_path, keep_iq=timedelta(days=2))
    heard(evidence, seconds=1.0)
    evidence.keep(replace(DETECTION, stop=int(0.9 * RATE), part=2), TUNING, utc_of=utc_of)
    (path,) = tmp_path.glob("*.sigmf")
    recording = open_recording(path)
    assert (recording.format.name, recording.sample_rate_hz, recording.captures[0].centre_hz) == ("cu8", RATE, 897e6)
    assert sum(block.samples.size for block in blocks(recording)) == pytest.approx(CLIP_S * RATE, abs=1)
    evidence._clock = lambda: EPOCH + timedelta(days=1.9)
    evidence.expire()
    assert path.exists()
    evidence._clock = lambda: EPOCH + timedelta(days=2.1)
    evidence.expire()
    assert [one.suffix for one in tmp_path.iterdir()] == [".npz"] * 2


def test_switching_clips_of_samples_off_deletes_those_that_are_there(tmp_path):
    (tmp_path / name(-1, "sigmf")).touch()
    evidence_in(tmp_path).expire()
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_cannot_be_kept_is_said(tmp_path):
    evidence = Evidence(ClipRing(tmp_path, max_bytes=10), sensor="B1", clock=lambda: EPOCH)
    heard(evidence, seconds=1.0)
    evidence.keep(replace(DETECTION, stop=int(0.9 * RATE)), TUNING, utc_of=utc_of)
    assert evidence.full
