import pytest

from benchmarks.frames import CLOSE, PING, TEXT, frame, split


def served(opcode: int, payload: bytes) -> bytes:
    """A frame as a server sends it."""
    length = len(payload)
    if length < 126:
        return bytes([0x80 | opcode, length]) + payload
    if length < 65_536:
        return bytes([0x80 | opcode, 126]) + length.to_bytes(2, "big") + payload
    return bytes([0x80 | opcode, 127]) + length.to_bytes(8, "big") + payload


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_of_any_length_is_parsed(length: int) -> None:
    payload = b"x" * length
    assert split(served(TEXT, payload) + served(PING, b"1")) == ([(TEXT, payload), (PING, b"1")], b"")


@pytest.mark.parametrize("length", [3, 200, 70_000])
def test_an_incomplete_frame_is_not_parsed_yet(length: int) -> None:
    whole = served(TEXT, b"x" * length)
    for arrived in (0, 1, 3, len(whole) - 1):
        assert split(whole[:arrived]) == ([], whole[:arrived])


def test_a_client_frame_has_the_mask_bit_set() -> None:
    assert frame(b"hi") == bytes([0x81, 0x82, 0, 0, 0, 0]) + b"hi"
    assert frame(b"x" * 200)[:4] == bytes([0x81, 0xFE, 0, 200])
    assert frame(b"", CLOSE)[0] == 0x88
