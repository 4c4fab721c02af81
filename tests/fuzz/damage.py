"""Damages bytes: single bits, bytes, pieces, and tokens with a meaning."""

import random
from collections.abc import Sequence

TOKENS = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf", b" ", b"\t"),
    *(b":", b";", b",", b"0", b"-1", b"99999999999999999999", b"4294967296", b"ffffffffffffffff", b"0x10"),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 0\r\n",
        b"Content-Length: 5\r\n",
        b"Connection: close\r\n",
    ),
    *(
        b"Expect: 100-continue\r\n",
        b"Upgrade: websocket\r\n",
        b"Connection: upgrade\r\n",
        b"Content-Encoding: gzip\r\n",
    ),
    *(b"Upgrade: h2c\r\n", b"Host: a\r\n", b"X: " + b"x" * 20_000 + b"\r\n", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.0"),
    *(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET ", b"CONNECT ", b"OPTIONS ", b"* "),
    *(
        b"http://other/graphql",
        b"//graphql",
        b"/graphql/../metrics",
        b"%00",
        b"%zz",
        b"?query=",
        b"#",
        b"{}",
        b"[[[[",
    ),
)


def damaged(data: bytes, chance: random.Random, *, times: int = 4, tokens: Sequence[bytes] = TOKENS) -> bytes:
    """Changes 1 to `times` places."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, times)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(6):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at : at + chance.randrange(1, 40)] = b""
            case 2:
                piece = changed[at : at + chance.randrange(1, 60)]
                changed[at:at] = piece
            case 3:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 4:
                del changed[at:]
            case _:
                changed[at:at] = chance.choice(tokens)
    return bytes(changed)


def pieces(data: bytes, chance: random.Random) -> list[bytes]:
    """Cuts bytes into 1 to 4 pieces, which arrive one by one."""
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(4)))
    return [piece for piece in (data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)) if piece]
