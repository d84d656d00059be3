"""The two hard ways to bring a USB receiver back: a reset on its bus, and taking the power from its port.

Linux alone, through ``/sys`` and ``/dev/bus/usb``; port power needs a hub that can switch it and the program uhubctl. A way
that is not there is said to be not there; nothing here waits longer than it is told.
"""

import fcntl
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["RTL_SDR_IDS", "UsbDevice", "cut_power", "find_device", "reset"]

RTL_SDR_IDS: Final = frozenset({("0bda", "2832"), ("0bda", "2838")})

USBDEVFS_RESET: Final = 0x5514
"""_IO('U', 20) of linux/usbdevice_fs.h."""

SYSTEM: Final = Path("/sys/bus/usb/devices")
BUS: Final = Path("/dev/bus/usb")
OFF_S: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbDevice:
    """Where a device is: its node, and its port such as ``1-1.4`` (bus, then a port for each hub on the way)."""

    node: Path
    port: str

    @property
    def hub(self) -> tuple[str, str]:
        """The hub that it hangs on, and its port there, as uhubctl names them."""
        hub, dot, port = self.port.rpartition(".")
        if not dot:
            hub, _, port = self.port.partition("-")
        return hub, port


def find_device(serial: str, *, system: Path = SYSTEM, bus: Path = BUS) -> UsbDevice | None:
    """The RTL-SDR dongle of a serial number; the first one, if that is empty."""
    for folder in sorted(system.glob("*-*")):
        told = {name: text_of(folder / name) for name in ("idVendor", "idProduct", "serial", "busnum", "devnum")}
        if (told["idVendor"], told["idProduct"]) in RTL_SDR_IDS and serial in {"", told["serial"]}:
            return UsbDevice(node=bus / told["busnum"].zfill(3) / told["devnum"].zfill(3), port=folder.name)
    return None


def text_of(path: Path) -> str:
    """What a file of ``/sys`` says; nothing if it is not there."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def reset(device: UsbDevice, *, bound_s: float) -> str | None:
    """Reset a device on its bus; gives what went wrong."""
    failed: list[str] = []

    def ask() -> None:
        try:
            node = os.open(device.node, os.O_WRONLY)
            try:
                fcntl.ioctl(node, USBDEVFS_RESET, 0)
            finally:
                os.close(node)
        except OSError as error:
            failed.append(f"{device.node}: {error.strerror or error}")

    asking = threading.Thread(target=ask, name="usb-reset", daemon=True)
    asking.start()
    asking.join(bound_s)
    if asking.is_alive():
        return f"{device.node}: the reset did not end in {bound_s:g} s"
    return failed[0] if failed else None


def cut_power(device: UsbDevice, *, bound_s: float) -> str | None:
    """Take the power from a device's port for two seconds; gives what went wrong."""
    program = shutil.which("uhubctl")
    if program is None:
        return "uhubctl is not installed"
    hub, port = device.hub
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, a hub and a port of /sys
            [program, "-l", hub, "-p", port, "-a", "cycle", "-d", str(OFF_S)],
            capture_output=True,
            text=True,
            timeout=bound_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"uhubctl did not end in {bound_s:g} s"
    except OSError as error:
        return f"uhubctl: {error.strerror or error}"
    return done.stderr.strip() or f"uhubctl: status {done.returncode}" if done.returncode else None
