"""A websocket client that subscribes and then never reads again."""

import base64
import json
import os
import socket
import struct
from collections.abc import Sequence
from urllib.parse import urlsplit


def stuck_peer(url: str, token: str, subscriptions: Sequence[str]) -> socket.socket:
    """Opens the websocket at the server of an http URL, with the smallest receive buffer that the kernel allows."""
    parts = urlsplit(url)
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    peer.connect((parts.hostname, parts.port))
    key = base64.b64encode(os.urandom(16)).decode()
    peer.sendall(
        f"GET /graphql HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
    )
    assert b" 101 " in peer.recv(4096)
    peer.sendall(_frame({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
    assert b"connection_ack" in peer.recv(4096)
    for number, query in enumerate(subscriptions):
        peer.sendall(_frame({"id": str(number), "type": "subscribe", "payload": {"query": query}}))
    return peer


def _frame(message: dict[str, object]) -> bytes:
    """A text frame of a client. Its mask is zero, which is valid."""
    text = json.dumps(message).encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))
    return b"\x81" + length + bytes(4) + text
