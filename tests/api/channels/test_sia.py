import socket
import struct
import threading
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysiaalarm import SIAAccount, SIAClient
from pysiaalarm.event import SIAEvent

from api.channels.notice import Kind, TrialFacts
from api.channels.port import AwayError, BarredError, RefusedError
from api.channels.sia import EXPRESSED, Protocol, Zones, crc_of, framed, opened
from api.channels.sia import Receiver as Transmitter


class Taken:
    """What the receiver took; it acknowledges an event before it hands it over."""

    def __init__(self):
        self._queue = SimpleQueue()
        self.put = self._queue.put

    def first(self, count):
        return [self._queue.get(timeout=20) for _ in range(count)]

    def nothing(self):
        return self._queue.empty()


KEYS = {"AES-128": "A1" * 8, "AES-192": "B2" * 12, "AES-256": "C3" * 16}


@pytest.fixture
def receiver():
    """Runs pysiaalarm's receiver; gives its port, the events that it took, and its counters."""
    running = []

    def receive(key=None, account="12AB"):
        taken = Taken()
        client = SIAClient("127.0.0.1", 0, [SIAAccount(account, key)], function=taken.put)
        client.start(poll_interval=0.02)
        running.append(client)
        return client.sia_server.server_address[1], taken, client.counts

    yield receive
    for client in running:
        client.stop()


@pytest.fixture
def transmitter(utc_now):
    def made(port, **fields):
        told = {
            "account": "12AB",
            "protocol": Protocol.SIA_DCS,
            "key": None,
            "receiver": "0",
            "line": "0",
            "zones": Zones({"A": 1, "B": 2}),
            "supervised_s": 60.0,
            "timeout_s": 5.0,
            "clock": utc_now,
        }
        return Transmitter("127.0.0.1", port, **told | fields)

    return made


@pytest.mark.parametrize("key", [None, *KEYS])
@pytest.mark.parametrize("protocol", Protocol)
def test_the_receiver_takes_and_understands_an_alarm_and_its_end(receiver, transmitter, parcel, notice, protocol, key):
    secret = KEYS.get(key)
    port, taken, counts = receiver(secret)
    channel = transmitter(port, protocol=protocol, key=None if secret is None else secret.encode())
    channel.send(parcel())
    events = taken.first(1)
    channel.send(parcel(notice(Kind.CLOSED), number=2))
    events += taken.first(1)
    assert [event.code for event in events] == ["UA", "UR" if protocol is Protocol.SIA_DCS else "UH"]
    assert [event.sequence for event in events] == ["0001", "0002"]
    assert all(event.account == "12AB" and event.valid_message and event.encrypted == bool(key) for event in events)
    assert all(abs(event.timestamp - datetime.now(UTC)) < timedelta(seconds=20) for event in events)
    assert counts.valid_events == 2
    if protocol is Protocol.ADM_CID:
        assert [(event.partition, event.ri) for event in events] == [("01", "002")] * 2
    else:
        assert "Wing B, probably cell B-1-04" in events[0].message


@pytest.mark.parametrize("kind", EXPRESSED)
@pytest.mark.parametrize("protocol", Protocol)
def test_every_event_has_a_code_that_the_receiver_knows(receiver, transmitter, parcel, notice, protocol, kind):
    port, taken, _ = receiver()
    transmitter(port, protocol=protocol).send(parcel(notice(kind)))
    assert taken.first(1)[0].sia_code is not None


def test_what_staff_did_is_no_event(receiver, transmitter, parcel, notice):
    port, taken, _ = receiver()
    with pytest.raises(RefusedError):
        transmitter(port).send(parcel(notice(Kind.ACKNOWLEDGED)))
    assert taken.nothing()


@pytest.mark.parametrize("key", [None, KEYS["AES-128"]])
def test_supervision_is_acknowledged(receiver, transmitter, key):
    port, taken, _ = receiver(key)
    transmitter(port, key=None if key is None else key.encode()).supervise()
    assert [(str(event.message_type.value), event.sequence) for event in taken.first(1)] == [("NULL", "0000")]


def test_a_repeated_event_has_the_same_sequence_number_and_the_next_one_another(receiver, transmitter, parcel):
    port, taken, _ = receiver()
    channel = transmitter(port)
    events = []
    for number in (9999, 9999, 10000, 10001):
        channel.send(parcel(number=number))
        events += taken.first(1)
    assert [event.sequence for event in events] == ["9999", "9999", "0001", "0002"]


def test_a_wrong_clock_an_unknown_account_or_a_wrong_key_bars_the_channel(receiver, transmitter, parcel):
    port, taken, _ = receiver()
    late = datetime.now(UTC) - timedelta(minutes=5)
    with pytest.raises(BarredError, match="NAK"):
        transmitter(port, clock=lambda: late).send(parcel())
    with pytest.raises((BarredError, AwayError)):
        transmitter(port, account="FFFF").send(parcel())
    with pytest.raises(BarredError, match="NAK"):
        transmitter(port, account="12AB", key=b"A1" * 8).send(parcel())
    assert taken.nothing()


def test_a_receiver_that_cannot_take_an_event_refuses_it(transmitter, parcel):
    with answering(lambda frame: framed('"DUH"0001R0L0#12AB[]')) as port, pytest.raises(RefusedError):
        transmitter(port).send(parcel())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r",
        b'\n0000000F"ACK"0001R0L0#\r',
        framed('"ACK"0002R0L0#12AB[]'),
        framed('"HI"0001R0L0#12AB[]'),
        b"x" * 3000,
        b'\nZZZZ0ZZZ"ACK"0001\r',
    ],
)
def test_no_answer_but_an_acknowledgement_of_this_event_will_do(transmitter, parcel, answer):
    with answering(lambda frame: answer) as port, pytest.raises(AwayError):
        transmitter(port).send(parcel())


def test_a_receiver_that_resets_is_silent_or_is_not_there_is_away(transmitter, parcel):
    with answering(None) as port, pytest.raises(AwayError):
        transmitter(port).send(parcel())
    with pytest.raises(AwayError):
        transmitter(port).send(parcel())
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(AwayError, match="in time"):
        transmitter(silent.getsockname()[1], timeout_s=0.3).send(parcel())


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_a_frame_is_read_as_it_was_made_and_its_crc_is_that_of_the_receiver(text):
    frame = framed(text[:4000])
    assert opened(frame) == text[:4000]
    assert f"{crc_of(text.encode()):04X}" == SIAEvent._crc_calc(text)


@given(st.text(max_size=200))
def test_no_text_breaks_a_frame(text):
    from api.channels.sia import plain

    told = plain(text)
    assert told.isascii()
    assert not set('[]|^"\r\n') & set(told)


def test_a_test_is_a_manual_test(receiver, transmitter, parcel, notice):
    port, taken, _ = receiver()
    transmitter(port).send(parcel(notice(Kind.TEST, facts=TrialFacts(), wing=None, wing_title=None)))
    assert taken.first(1)[0].code == "RX"


class answering:  # noqa: N801 - used as a function
    """A receiver that gives one answer, or resets the connection."""

    def __init__(self, answer):
        self._answer = answer

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self._listener.getsockname()[1]

    def _run(self):
        sock, _ = self._listener.accept()
        with sock:
            frame = sock.recv(4096)
            if self._answer is None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                sock.sendall(self._answer(frame))

    def __exit__(self, *_):
        self._listener.close()
        self._thread.join(10)
