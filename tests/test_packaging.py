"""What is delivered, and what the repository must not hold."""

import re
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ["detector", "sdr", "api", "calibration"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel built from the tree as it stands."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("wingwatch-*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_four_packages_the_composition_root_and_nothing_else(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {*PACKAGES, "wingwatch.py"}


def test_the_wheel_holds_the_built_page_and_not_its_sources(wheel):
    assert "api/static/index.html" in wheel
    assert any(re.fullmatch(r"api/static/assets/.*\.js", name) for name in wheel)
    assert not [name for name in wheel if name.startswith("api/web/")]


def test_the_wheel_holds_every_data_file_that_is_read(wheel):
    data = {str(p.relative_to(ROOT)) for p in (ROOT / "detector/data").rglob("*") if p.is_file()}
    assert data
    assert data <= set(wheel)
    assert any(name.startswith("api/migrations/versions/") for name in wheel)


def test_the_wheel_holds_every_tracked_module(wheel):
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert {name for name in tracked if name.endswith(".py")} <= set(wheel)


def test_no_other_distribution_here_provides_our_import_names():
    owners = packages_distributions()
    for name in [*PACKAGES, "wingwatch"]:
        assert set(owners.get(name, [])) <= {"wingwatch"}


@pytest.mark.parametrize("lock", ["requirements.lock", "tests/requirements.lock"])
def test_locks_have_hashes_and_no_addresses(lock):
    text = (ROOT / lock).read_text()
    pins = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in pin for pin in pins)
    assert not re.search(r"https?://|--index|--find-links", text)


def test_the_tests_lock_holds_all_of_the_other_lock():
    def pins(lock):
        return set(re.findall(r"^(\S+==\S+)", (ROOT / lock).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("tests/requirements.lock")


def test_the_layers_of_imports_hold():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_importing_wires_nothing():
    code = (
        "import sys, detector.pipeline, sdr.agent, api.app, calibration, wingwatch\n"
        "import structlog; assert not structlog.is_configured()\n"
        "assert not {'rtlsdr', 'scipy.signal', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True)
