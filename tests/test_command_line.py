"""The command line as other programs call it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent


def wingwatch(*args, **options):
    command = [sys.executable, "-W", "error", str(ROOT / "wingwatch.py"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


def write(path, samples, **about):
    fields = {"core:datatype": "cu8", "core:sample_rate": 2.4e6, "core:version": "1.2.0"} | about
    capture = {"core:sample_start": 0, "core:frequency": 897e6}
    path.write_text(json.dumps({"global": fields, "captures": [capture], "annotations": []}))
    path.with_suffix(".sigmf-data").write_bytes(samples)
    return path


@pytest.fixture
def quiet(tmp_path, rng):
    samples = np.clip(np.round(rng.normal(127.4, 2, 2 * 600_000)), 0, 255).astype(np.uint8)
    return write(tmp_path / "quiet.sigmf-meta", samples.tobytes())


def test_a_quiet_recording_gives_no_line_and_empty_annotations(quiet, tmp_path):
    done = wingwatch("detect", quiet, "--annotations", tmp_path / "found")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = json.loads((tmp_path / "found/quiet.sigmf-meta").read_text())
    assert [a for a in found["annotations"] if a["core:label"] != "unknown"] == []
    assert found["captures"][0]["core:frequency"] == 897e6


def test_a_file_that_cannot_be_read_gets_one_line_and_the_others_are_done(quiet, tmp_path):
    zero = write(tmp_path / "zero.sigmf-meta", b"1234", **{"core:sample_rate": 0})
    done = wingwatch("detect", zero, tmp_path / "gone.sigmf-meta", quiet, "--annotations", tmp_path / "found")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[0].endswith("zero.sigmf-meta: core:sample_rate is 0; expected 250e3 to 125e6")
    assert lines[1].endswith("gone.sigmf-meta: No such file or directory")
    assert len(lines) == 2
    assert (tmp_path / "found/quiet.sigmf-meta").exists()


def test_an_unwritable_annotation_folder_is_said_in_one_line(quiet, tmp_path):
    (tmp_path / "file").write_text("")
    done = wingwatch("detect", quiet, "--annotations", tmp_path / "file")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_annotations_never_overwrite_a_recording_or_each_other(quiet, tmp_path):
    before = quiet.read_bytes()
    done = wingwatch("detect", quiet, "--annotations", tmp_path)
    assert (done.returncode, quiet.read_bytes()) == (2, before)
    assert "its own metadata would be overwritten" in done.stderr
    (tmp_path / "other").mkdir()
    twin = write(tmp_path / "other/quiet.sigmf-meta", b"1234")
    done = wingwatch("detect", quiet, twin, "--annotations", tmp_path / "found")
    assert done.returncode == 2
    assert "two recordings of this name" in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "format is not"),
        ('{"format": "wingwatch-profile/1", "nmae": 1}', "nmae: unknown field"),
        (None, "No such file"),
    ],
)
def test_a_wrong_profile_is_named(quiet, tmp_path, content, message):
    if content is not None:
        (tmp_path / "p.json").write_text(content)
    done = wingwatch("detect", quiet, "--profile", tmp_path / "p.json")
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_every_command_has_help_with_an_example():
    top = wingwatch("--help")
    assert top.returncode == 0
    for command in ("detect", "sensor", "hub", "simulate", "plan", "locate", "record"):
        assert command in top.stdout
        assert "Example" in wingwatch(command, "--help").stdout


def test_a_site_or_episodes_that_are_not_there_are_named(tmp_path):
    done = wingwatch("locate", tmp_path / "site.json", tmp_path / "episodes.ndjson")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"wingwatch: {tmp_path / 'site.json'}: No such file or directory\n"


def test_help_tells_the_units_of_what_it_asks():
    told = wingwatch("record", "--help", env={"COLUMNS": "200", "LANG": "C.UTF-8"}).stdout
    assert all(unit in told for unit in ("hertz", "samples per second", "dB"))
