import os
import stat
import threading
from pathlib import Path

import pytest

from sdr.usb import UsbDevice, cut_power, find_device, reset


@pytest.fixture
def system(tmp_path):
    """A tree like that of /sys with a hub, a keyboard and two dongles."""
    devices = {
        "1-1": ("1a40", "0101", "", "1", "2"),
        "1-1.2": ("04d9", "a01c", "", "1", "3"),
        "1-1.4": ("0bda", "2838", "00000001", "1", "7"),
        "2-3": ("0bda", "2832", "00000002", "2", "12"),
    }
    for port, told in devices.items():
        folder = tmp_path / port
        folder.mkdir()
        for name, text in zip(("idVendor", "idProduct", "serial", "busnum", "devnum"), told, strict=True):
            (folder / name).write_text(f"{text}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("serial", "node", "hub"),
    [
        ("00000001", "/dev/bus/usb/001/007", ("1-1", "4")),
        ("00000002", "/dev/bus/usb/002/012", ("2", "3")),
        ("", "/dev/bus/usb/001/007", ("1-1", "4")),
    ],
)
def test_a_dongle_is_found_by_its_serial_number_with_its_node_and_its_hub(system, serial, node, hub):
    found = find_device(serial, system=system)
    assert (str(found.node), found.hub) == (node, hub)


def test_a_dongle_that_is_not_there_is_not_found(system, tmp_path):
    assert find_device("00000003", system=system) is None
    assert find_device("", system=tmp_path / "nowhere") is None


def test_what_cannot_be_reset_is_named(tmp_path):
    no_device = tmp_path / "007"
    no_device.touch()
    assert "007: " in reset(UsbDevice(node=no_device, port="1-1"), bound_s=5.0)
    assert reset(UsbDevice(node=tmp_path / "gone", port="1-1"), bound_s=5.0).endswith("No such file or directory")


def test_a_reset_that_does_not_end_is_left_behind(tmp_path):
    pipe = tmp_path / "007"
    os.mkfifo(pipe)  # to open it for writing waits for a reader
    assert reset(UsbDevice(node=pipe, port="1-1"), bound_s=0.01).endswith("the reset did not end in 0.01 s")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for thread in [thread for thread in threading.enumerate() if thread.name == "usb-reset"]:
        thread.join(timeout=10)
    os.close(reader)


def program(folder, script):
    path = folder / "uhubctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("script", "failed"),
    [
        ('test "$*" = "-l 1-1 -p 4 -a cycle -d 2"', None),
        ("echo no such hub >&2; exit 1", "no such hub"),
        ("exit 3", "uhubctl: status 3"),
        ("exec sleep 60", "uhubctl did not end in 0.2 s"),
    ],
)
def test_power_is_cut_by_uhubctl_at_the_right_port(tmp_path, monkeypatch, script, failed):
    program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    bound_s = 0.2 if "sleep" in script else 30.0
    assert cut_power(UsbDevice(node=Path("/dev/null"), port="1-1.4"), bound_s=bound_s) == failed


def test_without_uhubctl_power_is_not_cut(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cut_power(UsbDevice(node=Path("/dev/null"), port="1-1.4"), bound_s=1.0) == "uhubctl is not installed"
