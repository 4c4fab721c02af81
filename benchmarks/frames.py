"""Websocket frames (RFC 6455) of a client that trusts its server: whole messages, no extensions.

About a tenth of the work that a full websocket library does for a message.
"""

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FINAL, MASKED = 0x80, 0x80
ZERO_MASK = bytes(4)
"""A client must mask what it sends. Masking by zeros leaves the payload as it is; servers accept it."""


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One frame from the client, at most 65,535 bytes of payload."""
    length = len(payload)
    if length < 126:
        head = bytes([FINAL | opcode, MASKED | length])
    else:
        head = bytes([FINAL | opcode, MASKED | 126]) + length.to_bytes(2, "big")
    return head + ZERO_MASK + payload


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Splits what a server has sent into whole frames, as (opcode, payload), and the rest."""
    frames, start, end = [], 0, len(data)
    while end - start >= 2:
        head, length = 2, data[start + 1]  # a server's frames are not masked
        if length >= 126:
            head = 4 if length == 126 else 10
            if end - start < head:
                break
            length = int.from_bytes(data[start + 2 : start + head], "big")
        if end - start < head + length:
            break
        frames.append((data[start] & 0x0F, data[start + head : start + head + length]))
        start += head + length
    return frames, data[start:]
