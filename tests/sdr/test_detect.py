"""What a search of one recording tells beyond its bursts: levels where they are known, and the bands of a day."""

import json
import lzma
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sdr.detect import detect_recording
from sdr.recording import RecordingError
from sdr.samples import FORMATS, from_iq, to_iq

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def registration(tmp_path):
    """Writes a registration in noise, received with a gain."""

    def write(**capture):
        meta = json.loads((GOLDEN / "gsm_registration.sigmf-meta").read_text())
        clean = to_iq(lzma.decompress((GOLDEN / "gsm_registration.sigmf-data.xz").read_bytes()), FORMATS["ci8"])
        rng = np.random.default_rng(7)
        noisy = 0.2 * clean / np.abs(clean).max() + rng.normal(0, 0.015, (clean.size, 2)).view(complex)[:, 0]
        about = {"core:datatype": "cu8", "core:sample_rate": meta["global"]["core:sample_rate"]}
        captures = [{"core:sample_start": 0, "core:frequency": 897e6} | capture]
        path = tmp_path / "air.sigmf-meta"
        path.write_text(json.dumps({"global": about, "captures": captures, "annotations": []}))
        path.with_suffix(".sigmf-data").write_bytes(from_iq(noisy.astype(np.complex64), FORMATS["cu8"]))
        return path

    return write


def test_gain_and_power_at_the_antenna_are_told_where_they_are_known(registration, profile, plan):
    known = replace(profile, receiver=replace(profile.receiver, level_offset_db=-12.5))
    path = registration(**{"wingwatch:gain_db": 29.7})
    told = [next(detect_recording(path, profile=one, plan=plan)) for one in (profile, known)]
    assert [one["gain_db"] for one in told] == [29.7, 29.7]
    assert "power_dbm" not in told[0]
    assert told[1]["power_dbm"] == pytest.approx(told[1]["power_dbfs"] - 12.5 - 29.7, abs=0.11)
    silent = next(detect_recording(registration(), profile=known, plan=plan))
    assert not {"gain_db", "power_dbm"} & silent.keys()


@pytest.mark.parametrize("gain", ["loud", True, 1e6])
def test_a_gain_that_is_none_is_said(registration, gain, profile, plan):
    with pytest.raises(RecordingError, match=r"wingwatch:gain_db is .*; expected decibels"):
        next(detect_recording(registration(**{"wingwatch:gain_db": gain}), profile=profile, plan=plan))


def test_a_band_that_was_switched_off_by_then_holds_no_phone(registration, profile, plan):
    path, last = registration(), date(2026, 12, 31)
    plan = replace(plan, bands=tuple(replace(band, last=last) for band in plan.bands))
    found = [
        list(detect_recording(path, profile=profile, plan=plan, day=day)) for day in (None, last, date(2027, 1, 1))
    ]
    assert [bool(each) for each in found] == [True, True, False]
