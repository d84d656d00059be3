import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import sigmf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdr.recording import RecordingError, blocks, open_recording

RATE = 1e6
PARTS = {"cu8": "u1", "ci8": "i1", "ci16_le": "<i2", "cf32_le": "<f4"}


def raw_samples(datatype, count, rng):
    parts = rng.uniform(-0.9, 0.9, 2 * count)
    scale, offset = {"cu8": (127.5, 127.5), "ci8": (128, 0), "ci16_le": (32768, 0), "cf32_le": (1, 0)}[datatype]
    scaled = parts * scale + offset
    return (scaled if datatype == "cf32_le" else scaled.round()).astype(PARTS[datatype]).tobytes()


def write_pair(folder, data, *, name="air", datatype="cu8", captures=None, **about):
    meta = folder / f"{name}.sigmf-meta"
    fields = {"core:datatype": datatype, "core:sample_rate": RATE, "core:version": "1.0.0"} | about
    first = {"core:sample_start": 0, "core:frequency": 897e6}
    meta.write_text(
        json.dumps({"global": fields, "captures": [first] if captures is None else captures, "annotations": []})
    )
    meta.with_suffix(".sigmf-data").write_bytes(data)
    return meta


def write_archive(path, meta, data, *, extra=()):
    with tarfile.open(path, "w") as tar:
        for name, content in ((f"{path.stem}/a.sigmf-meta", meta), (f"{path.stem}/a.sigmf-data", data), *extra):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def samples_of(path):
    return np.concatenate([block.samples for block in blocks(open_recording(path), block_samples=1000)])


@pytest.mark.parametrize("datatype", PARTS)
def test_samples_are_what_an_independent_reader_reads(tmp_path, rng, datatype):
    meta = write_pair(tmp_path, raw_samples(datatype, 2500, rng), datatype=datatype)
    theirs = sigmf.fromfile(str(meta)).read_samples()
    # cu8: the middle of the byte's range is 127.5 here and 128 there.
    tolerance = 0.012 if datatype == "cu8" else 1e-4
    np.testing.assert_allclose(samples_of(meta), theirs, atol=tolerance)


def test_an_archive_reads_like_its_pair(tmp_path, rng):
    data = raw_samples("ci16_le", 3000, rng)
    meta = write_pair(tmp_path, data, datatype="ci16_le")
    archive = write_archive(tmp_path / "both.sigmf", meta.read_bytes(), data)
    np.testing.assert_array_equal(samples_of(archive), samples_of(meta))


def test_an_archive_of_an_independent_writer_reads(tmp_path, rng):
    meta = write_pair(tmp_path, raw_samples("cf32_le", 500, rng), datatype="cf32_le")
    sigmf.fromfile(str(meta)).archive(str(tmp_path / "theirs.sigmf"))
    np.testing.assert_array_equal(samples_of(tmp_path / "theirs.sigmf"), samples_of(meta))


def test_captures_are_tunings_and_begin_runs(tmp_path, rng):
    captures = [{"core:sample_start": 0, "core:frequency": 897e6}, {"core:sample_start": 1500}]
    meta = write_pair(tmp_path, raw_samples("cu8", 2500, rng), captures=captures)
    told = [
        (b.start, b.samples.size, b.tuning.centre_hz, b.fresh) for b in blocks(open_recording(meta), block_samples=1000)
    ]
    assert told == [(0, 1000, 897e6, True), (1000, 500, 897e6, False), (1500, 1000, None, True)]


def test_metadata_without_captures_is_one_of_unknown_centre(tmp_path, rng):
    recording = open_recording(write_pair(tmp_path, raw_samples("cu8", 10, rng), captures=[]))
    assert [(c.start, c.centre_hz) for c in recording.captures] == [(0, None)]


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"core:sample_rate": 0}, "core:sample_rate is 0; expected 250e3 to 125e6"),
        ({"core:sample_rate": -1e6}, "core:sample_rate is -1000000.0"),
        ({"core:sample_rate": float("nan")}, "core:sample_rate is nan"),
        ({"core:sample_rate": "fast"}, "core:sample_rate is 'fast'"),
        ({"core:sample_rate": True}, "core:sample_rate is True"),
        ({"core:sample_rate": None}, "core:sample_rate is None"),
        ({"core:datatype": "rf32_le"}, "core:datatype is 'rf32_le'; expected one of cu8, ci8"),
        ({"core:datatype": ["cu8"]}, "core:datatype is"),
        ({"core:num_channels": 2}, "core:num_channels is 2; expected 1"),
        ({"core:dataset": "../elsewhere.bin"}, "core:dataset is '../elsewhere.bin'; expected the name of a file"),
        ({"core:dataset": "/etc/hostname"}, "core:dataset is '/etc/hostname'"),
        ({"core:dataset": ".."}, "core:dataset is '..'"),
        ({"core:dataset": 7}, "core:dataset is 7"),
        ({"core:dataset": "a\0b"}, "core:dataset is 'a\\x00b'"),
        ({"core:dataset": "a\nb\x1b"}, "core:dataset is 'a\\nb"),
        ({"core:dataset": "\ud800"}, "core:dataset is"),
        ({"core:sample_rate": 10**400}, "core:sample_rate is 1000"),
        ({"core:sample_rate": 250e6}, "core:sample_rate is 250000000.0; expected 250e3 to 125e6"),
        ({"core:trailing_bytes": 8}, "core:trailing_bytes is 8"),
        ({"core:dataset": "gone.bin"}, "its data file gone.bin is missing"),
        ({"core:sha512": "0" * 128}, "is cut or altered"),
    ],
)
def test_wrong_metadata_gives_one_line_that_names_it(tmp_path, rng, about, message):
    meta = write_pair(tmp_path, raw_samples("cu8", 100, rng), **about)
    with pytest.raises(RecordingError) as caught:
        samples_of(meta)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("captures", "message"),
    [
        ([{"core:sample_start": 5}, {"core:sample_start": 5}], "core:sample_start is 5; expected 6 to 99"),
        ([{"core:sample_start": 100}], "core:sample_start is 100; expected 0 to 99"),
        ([{"core:sample_start": -1}], "core:sample_start is -1"),
        ([{"core:sample_start": 0, "core:header_bytes": 16}], "core:header_bytes is 16"),
        ([{"core:sample_start": 0, "core:frequency": 10**400}], "core:frequency is 1000"),
        ([{"core:sample_start": 0, "core:frequency": "FM"}], "core:frequency is 'FM'; expected hertz"),
        ([{}], "core:sample_start is None"),
        ([7], "captures is not a list of objects"),
    ],
)
def test_wrong_captures_are_named(tmp_path, rng, captures, message):
    with pytest.raises(RecordingError, match=message):
        open_recording(write_pair(tmp_path, raw_samples("cu8", 100, rng), captures=captures))


def test_the_hash_of_the_data_is_held_against_it(tmp_path, rng):
    data = raw_samples("cu8", 5000, rng)
    right = hashlib.sha512(data).hexdigest()
    assert samples_of(write_pair(tmp_path, data, **{"core:sha512": right})).size == 5000
    with pytest.raises(RecordingError, match="cut or altered"):
        samples_of(write_pair(tmp_path, data[:-200], **{"core:sha512": right}))


def test_data_that_leads_out_of_the_folder_is_refused(tmp_path, rng):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    meta = write_pair(inside, b"")
    secret = write_pair(outside, raw_samples("cu8", 100, rng)).with_suffix(".sigmf-data")
    meta.with_suffix(".sigmf-data").unlink()
    meta.with_suffix(".sigmf-data").symlink_to(secret)
    with pytest.raises(RecordingError, match="leads outside"):
        open_recording(meta)


@pytest.mark.parametrize(("size", "message"), [(0, "holds no samples"), (101, "cut within a sample: 101 bytes")])
def test_cut_data_is_refused(tmp_path, size, message):
    with pytest.raises(RecordingError, match=message):
        open_recording(write_pair(tmp_path, bytes(size)))


def test_missing_files_are_named(tmp_path):
    with pytest.raises(RecordingError, match="No such file"):
        open_recording(tmp_path / "gone.sigmf-meta")
    with pytest.raises(RecordingError, match="not a SigMF recording"):
        open_recording(tmp_path / "gone.wav")
    with pytest.raises(RecordingError, match=r"its data file air\.sigmf-data is missing"):
        meta = write_pair(tmp_path, b"")
        meta.with_suffix(".sigmf-data").unlink()
        open_recording(meta)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_samples_are_placed(tmp_path, value):
    parts = np.zeros(5000, "<f4")
    parts[4003] = value
    with pytest.raises(RecordingError, match="sample 2001 is"):
        samples_of(write_pair(tmp_path, parts.tobytes(), datatype="cf32_le"))


def test_an_archive_that_claims_more_than_it_holds_is_refused(tmp_path, rng):
    data = raw_samples("cu8", 20_000, rng)
    meta = write_pair(tmp_path, data)
    archive = write_archive(tmp_path / "big.sigmf", meta.read_bytes(), data)
    archive.write_bytes(archive.read_bytes()[:20_000])
    with pytest.raises(RecordingError, match=r"big\.sigmf: "):
        samples_of(archive)


def test_a_sparse_archive_is_refused(tmp_path):
    member = tarfile.TarInfo("a/a.sigmf-data")
    member.type = tarfile.GNUTYPE_SPARSE
    member.size = 512
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"77777777777\x00"  # claims 8 GiB
    header[386:398], header[398:410] = b"00000000000\x00", b"00000001000\x00"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    meta = write_pair(tmp_path, b"").read_bytes()
    first = tarfile.TarInfo("a/a.sigmf-meta")
    first.size = len(meta)
    archive = tmp_path / "sparse.sigmf"
    padded = meta + bytes(-len(meta) % 512)
    archive.write_bytes(first.tobuf(tarfile.GNU_FORMAT) + padded + bytes(header) + bytes(512) + bytes(1024))
    with pytest.raises(RecordingError, match="is a sparse file"):
        open_recording(archive)


def test_an_archive_holds_one_recording_and_what_else_it_likes(tmp_path, rng):
    data = raw_samples("cu8", 50, rng)
    meta = write_pair(tmp_path, data).read_bytes()
    readme = [("x/README.md", b"hello")]
    assert samples_of(write_archive(tmp_path / "one.sigmf", meta, data, extra=readme)).size == 50
    for name, extra in {
        "two": [("b/b.sigmf-meta", meta), ("b/b.sigmf-data", data)],
        "again": [("b/b.sigmf-data", data)],
    }.items():
        with pytest.raises(RecordingError, match="expected an archive of one"):
            open_recording(write_archive(tmp_path / f"{name}.sigmf", meta, data, extra=extra))


def test_a_mismatched_pair_in_an_archive_is_refused(tmp_path):
    archive = tmp_path / "mixed.sigmf"
    with tarfile.open(archive, "w") as tar:
        for name in ("a.sigmf-meta", "b.sigmf-data"):
            tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(RecordingError, match="expected an archive of one"):
        open_recording(archive)


@pytest.mark.parametrize("size", [-1000, -512, 1 << 40])
def test_an_archive_with_an_impossible_size_is_refused(tmp_path, size):
    header = bytearray(tarfile.TarInfo("a.sigmf-data").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (size % (1 << 96)).to_bytes(12, "big", signed=False)
    header[124] |= 0x80
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    archive = tmp_path / "odd.sigmf"
    archive.write_bytes(bytes(header) + bytes(2048))
    with pytest.raises(RecordingError, match="claims"):
        open_recording(archive)


def test_a_pipe_is_no_recording(tmp_path):
    os.mkfifo(tmp_path / "pipe.sigmf-meta")
    with pytest.raises(RecordingError, match="not a regular file"):
        open_recording(tmp_path / "pipe.sigmf-meta")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_no_bytes_as_metadata_do_more_than_a_plain_error(tmp_path, content):
    for suffix in (".sigmf-meta", ".sigmf"):
        path = Path(tmp_path / "odd").with_suffix(suffix)
        path.write_bytes(content)
        with pytest.raises(RecordingError):
            open_recording(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    about=st.fixed_dictionaries(
        {},
        optional={f"core:{k}": json_values for k in ("datatype", "sample_rate", "num_channels", "dataset", "sha512")},
    ),
    captures=json_values,
)
def test_no_json_as_metadata_does_more_than_a_plain_error(tmp_path, about, captures):
    meta = write_pair(tmp_path, bytes(64), **about)
    raw = json.loads(meta.read_text())
    raw["captures"] = captures
    meta.write_text(json.dumps(raw))
    try:
        samples_of(meta)
    except RecordingError as error:
        assert str(error)
