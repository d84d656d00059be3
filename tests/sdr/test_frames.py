import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.frames import HEADER, Frame, FrameKind, FrameReader, StreamEndedError, write_frame

counts = st.integers(0, 2**63)
frames = st.builds(
    Frame,
    kind=st.sampled_from(FrameKind),
    data=st.binary(max_size=3000),
    count=counts,
    dropped=counts,
    overruns=counts,
    time_s=st.floats(0, 1e9),
)


@pytest.fixture
def pipe():
    """Both ends of a pipe, and of the one that interrupts."""
    ends = [*os.pipe(), *os.pipe()]
    yield ends
    for end in ends:
        if end is not None:
            os.close(end)


def reader_of(pipe, clock=lambda: 0.0):
    return FrameReader(pipe[0], interrupt=pipe[2], clock=clock)


@given(st.lists(frames, max_size=4), st.integers(1, 700))
def test_frames_come_whole_and_in_order_in_whatever_pieces(sent, piece):
    data, other = os.pipe(), os.pipe()
    reader = FrameReader(data[0], interrupt=other[0], clock=lambda: 0.0)
    kept = os.pipe()
    got = []
    try:
        for frame in sent:
            write_frame(kept[1], frame)
            whole = os.read(kept[0], 1 << 16)
            for at in range(0, len(whole), piece):
                os.write(data[1], whole[at : at + piece])
                if (frame := reader.read(0.0)) is not None:
                    got.append(frame)
    finally:
        for end in (*data, *other, *kept):
            os.close(end)
    assert got == [Frame(**{name: getattr(f, name) for name in Frame.__slots__}) for f in sent]


def test_a_frame_that_does_not_come_is_not_waited_for(pipe):
    assert reader_of(pipe).read(0.0) is None


def test_a_wait_ends_when_it_is_interrupted(pipe):
    os.write(pipe[3], b"!")
    assert reader_of(pipe).read(1e6) is None


@pytest.mark.parametrize("sent", [0, 5, HEADER.size, HEADER.size + 5])
def test_the_end_of_the_pipe_is_told_wherever_it_comes(pipe, sent):
    whole = HEADER.pack(FrameKind.SAMPLES, 10, 0, 0, 0, 0.0) + bytes(10)
    os.write(pipe[1], whole[:sent])
    os.close(pipe[1])
    pipe[1] = None
    with pytest.raises(StreamEndedError):
        reader_of(pipe).read(0.0)


def test_what_is_no_frame_is_refused_before_it_is_made_room_for(pipe):
    os.write(pipe[1], HEADER.pack(FrameKind.SAMPLES, 2**31, 0, 0, 0, 0.0))
    with pytest.raises(StreamEndedError, match="a frame of 2147483648 bytes"):
        reader_of(pipe).read(0.0)


def test_a_frame_larger_than_the_pipe_is_written_as_it_is_read(pipe):
    frame = Frame(kind=FrameKind.SAMPLES, data=bytes(1 << 20), count=7)
    writer = threading.Thread(target=write_frame, args=(pipe[1], frame))
    writer.start()
    got = reader_of(pipe).read(60.0)
    writer.join(timeout=10)
    assert (got.count, bytes(got.data)) == (7, frame.data)
