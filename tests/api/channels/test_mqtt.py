import json
import os
import shutil
import socket
import subprocess
import time
from queue import SimpleQueue

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from api.channels.mqtt import Mqtt
from api.channels.notice import Kind
from api.channels.port import AwayError, BarredError

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Broker:
    """Debian's mosquitto on a free port; what it retains outlives a stop."""

    def __init__(self, folder, *, tls=None, password=None):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        lines = [f"listener {self.port} 127.0.0.1", "persistence true", f"persistence_location {folder}/"]
        if tls is not None:
            lines += [f"certfile {tls}/server.pem", f"keyfile {tls}/server.key"]
        if password is None:
            lines += ["allow_anonymous true"]
        else:
            (folder / "passwords").write_text("hub:" + password)
            lines += ["allow_anonymous false", f"password_file {folder}/passwords"]
        if os.geteuid() == 0:
            lines += ["user root"]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        ends_s = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None
                assert time.monotonic() < ends_s
                time.sleep(0.01)
            else:
                return

    def stop(self):
        self._process.terminate()
        self._process.wait(20)


class Reader:
    """Somebody who follows all topics."""

    def __init__(self, port):
        self._messages = SimpleQueue()
        ready = SimpleQueue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_subscribe = lambda *_: ready.put(True)
        self._client.on_message = lambda _, __, message: self._messages.put(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("#", qos=1)
        ready.get(timeout=20)

    def next(self):
        message = self._messages.get(timeout=20)
        return message.topic, message.payload, bool(message.retain)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(tmp_path):
    running = []

    def run(**options):
        folder = tmp_path / f"broker{len(running)}"
        folder.mkdir()
        running.append(Broker(folder, **options))
        return running[-1]

    yield run
    for each in running:
        each.stop()


@pytest.fixture
def mqtt(authority):
    made = []

    def opened(port, **fields):
        told = {
            "tls": False,
            "login": None,
            "client_id": "hub",
            "prefix": "wingwatch/",
            "authorities": str(authority[1]),
            "timeout_s": 5.0,
        }
        made.append(Mqtt("localhost", port, **told | fields))
        return made[-1]

    yield opened
    for each in made:
        each.close()


@pytest.fixture
def reader():
    made = []

    def read(port):
        made.append(Reader(port))
        return made[-1]

    yield read
    for each in made:
        each.close()


def test_a_notice_is_published_and_the_state_of_its_alert_retained(broker, mqtt, reader, parcel, notice):
    port = broker().port
    watching = reader(port)
    channel = mqtt(port)
    channel.send(parcel())
    told = {topic: body for topic, body, _ in (watching.next() for _ in range(3))}
    assert told["wingwatch/status"] == b"online"
    assert json.loads(told["wingwatch/notices/alert.opened"])["id"] == parcel().id
    assert json.loads(told["wingwatch/alert/17"])["data"]["wing"] == "B"
    late = reader(port)
    retained = {topic: kept for topic, _, kept in (late.next() for _ in range(2))}
    assert retained == {"wingwatch/status": True, "wingwatch/alert/17": True}
    channel.send(parcel(notice(Kind.CLOSED), number=2))
    assert [late.next()[:1] for _ in range(2)] == [("wingwatch/notices/alert.closed",), ("wingwatch/alert/17",)]
    assert reader(port).next()[0] == "wingwatch/status"


def test_the_broker_tells_that_the_hub_is_gone(broker, mqtt, reader, parcel):
    port = broker().port
    channel = mqtt(port)
    channel.send(parcel())
    watching = reader(port)
    assert {watching.next()[:2][0] for _ in range(2)} == {"wingwatch/status", "wingwatch/alert/17"}
    sock = channel._client.socket()
    channel._client.loop_stop()
    sock.shutdown(socket.SHUT_RDWR)
    assert watching.next() == ("wingwatch/status", b"offline", False)


def test_a_hub_that_stops_in_order_says_so_itself(broker, mqtt, reader, parcel):
    port = broker().port
    channel = mqtt(port)
    channel.supervise()
    channel.close()
    assert reader(port).next() == ("wingwatch/status", b"offline", True)


def test_a_broker_that_comes_back_is_delivered_to_again(broker, mqtt, reader, parcel):
    running = broker()
    channel = mqtt(running.port, timeout_s=2.0)
    channel.send(parcel())
    running.stop()
    with pytest.raises(AwayError):
        channel.send(parcel(number=2))
    with pytest.raises(AwayError):
        channel.supervise()
    running.start()
    channel.send(parcel(number=2))
    topics = [reader(running.port).next()[0] for _ in range(1)]
    assert topics[0].startswith("wingwatch/")


def test_tls_checks_the_name(broker, mqtt, authority, parcel, tmp_path):
    for name in ("localhost", "elsewhere.example"):
        folder = tmp_path / name
        folder.mkdir()
        issued = authority[0].issue_cert(name)
        issued.private_key_pem.write_to_path(str(folder / "server.key"))
        issued.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    mqtt(broker(tls=tmp_path / "localhost").port, tls=True).send(parcel())
    with pytest.raises(BarredError, match="certificate"):
        mqtt(broker(tls=tmp_path / "elsewhere.example").port, tls=True).send(parcel())


def test_a_wrong_password_bars_the_channel_and_is_not_shown(broker, mqtt, parcel):
    hashed = subprocess.run(
        ["mosquitto_passwd", "-b", "-c", "/dev/stdout", "hub", "right"], capture_output=True, check=False
    ).stdout.decode()
    port = broker(password=hashed.partition(":")[2] or "$7$101$AAAA$AAAA").port
    with pytest.raises(BarredError) as caught:
        mqtt(port, login=("hub", "wrong-secret")).send(parcel())
    assert "wrong-secret" not in str(caught.value)


def test_a_broker_that_is_not_there_or_says_nothing_is_away(mqtt, parcel):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(AwayError, match="in time"):
            mqtt(port, timeout_s=0.3).send(parcel())
    with pytest.raises(AwayError, match="no connection"):
        mqtt(port).send(parcel())
