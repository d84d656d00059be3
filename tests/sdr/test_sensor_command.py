"""``wingwatch sensor`` as a process: how it is wired, how it ends, and what it says when it cannot begin."""

import json
import lzma
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from detector.wire import parse_batch

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", str(ROOT / "wingwatch.py"), "sensor"]


def environment(**settings):
    bare = {name: value for name, value in os.environ.items() if not name.startswith("WINGWATCH_")}
    told = {"name": "B1", "token": "t", "source": "sim:", "hub": "http://127.0.0.1:9"} | settings
    return bare | {f"WINGWATCH_SENSOR_{name.upper()}": str(value) for name, value in told.items()}


@pytest.fixture
def hub():
    """A hub that takes every batch: its address, the batches, and an event for the first of them."""

    class Hub(BaseHTTPRequestHandler):
        def do_POST(self):
            batches.append(parse_batch(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            heard.set()

        def log_message(self, *_):
            pass

    batches, heard = [], threading.Event()
    with HTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", batches, heard
        server.shutdown()
        thread.join()


def test_a_replayed_recordings_last_detection_reaches_the_hub(tmp_path, hub):
    name = "gsm_registration.sigmf-meta"
    meta = tmp_path / name
    meta.write_bytes((ROOT / "tests/golden" / name).read_bytes())
    data = (ROOT / "tests/golden" / name).with_suffix(".sigmf-data.xz")
    meta.with_suffix(".sigmf-data").write_bytes(lzma.decompress(data.read_bytes()))
    address, batches, _ = hub
    env = environment(source=f"sigmf:{meta}", hub=address)
    done = subprocess.run(COMMAND, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    # Golden recordings hold no noise at all, of which a receiver has to complain, once; and over none, all that leaks is loud.
    kinds = [json.loads(line)["kind"] for line in done.stderr.splitlines()]
    assert (done.returncode, kinds) == (0, ["drowned", "limited"])
    told = [detection for batch in batches for detection in batch.detections]
    assert [str(detection.technology) for detection in told if detection.last] == ["gsm"]
    assert (tmp_path / "wingwatch-B1.sqlite").exists()


def test_a_sensor_of_the_demonstration_ends_with_it_even_if_that_is_killed(tmp_path, hub):
    address, _, heard = hub
    command = [*COMMAND, "--until-input-ends"]
    with subprocess.Popen(command, env=environment(hub=address), cwd=tmp_path, stdin=subprocess.PIPE) as sensor:
        assert heard.wait(timeout=60)
        sensor.stdin.close()
        assert sensor.wait(timeout=30) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sensor_ends_when_told_to(tmp_path, hub, number):
    address, _, heard = hub
    with subprocess.Popen(
        COMMAND, env=environment(hub=address), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        assert heard.wait(timeout=60)
        process.send_signal(number)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"outbox": "."}, "outbox .: unable to open database file"),
        ({"name": "B 1"}, "settings: name: 'B 1' is not 1 to 64"),
        ({"source": "simulated"}, "source='simulated' is not known"),
    ],
)
def test_a_sensor_that_cannot_begin_says_why_in_one_line(tmp_path, settings, message):
    env = environment(**settings)
    done = subprocess.run(COMMAND, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(f"wingwatch: {message}")
    assert len(done.stderr.splitlines()) == 1
