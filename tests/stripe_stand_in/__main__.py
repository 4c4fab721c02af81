"""The stand-in in a process of its own.

    python -m tests.stripe_stand_in --port 12111 --state stripe.sqlite --control \
        --webhook http://127.0.0.1:8000/webhooks/stripe --settle-after 5

It prints its URL when it accepts requests. Its state is in a file; after `kill -9` it continues where it was.
"""

import argparse
import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

from tests.stripe_stand_in.stand_in import KEY, WEBHOOK_SECRET, stand_in
from tests.stripe_stand_in.webhooks import Delivery


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.stripe_stand_in", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--state", type=Path, default=Path("stripe-stand-in.sqlite"), help="the file of its state")
    parser.add_argument("--key", default=KEY, help="the secret key (default: %(default)s)")
    parser.add_argument("--webhook", help="URL that gets the events")
    parser.add_argument("--webhook-secret", default=WEBHOOK_SECRET, help="default: %(default)s")
    parser.add_argument("--connect-webhook", help="URL for events of connected accounts (default: the same)")
    parser.add_argument("--connect-webhook-secret", help="default: the same")
    parser.add_argument("--delivery", type=Delivery, choices=list(Delivery), default=Delivery.IN_ORDER)
    parser.add_argument(
        "--settle-after", type=float, help="seconds after which payments and payouts end by themselves"
    )
    parser.add_argument("--control", action="store_true", help="accept requests below /control")
    chosen = parser.parse_args()
    listening = socket.create_server((chosen.host, chosen.port))
    base = f"http://{chosen.host}:{listening.getsockname()[1]}"
    made = stand_in(
        chosen.state,
        key=chosen.key,
        base=base,
        webhook=chosen.webhook,
        secret=chosen.webhook_secret,
        settle_after=chosen.settle_after,
        with_control=chosen.control,
        connect_url=chosen.connect_webhook,
        connect_secret=chosen.connect_webhook_secret,
        delivery=chosen.delivery,
    )
    server = uvicorn.Server(uvicorn.Config(made.app, log_level="warning", lifespan="on"))

    async def serve() -> None:
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started and not serving.done():  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        sys.stdout.write(f"The stand-in for Stripe is at {base}\n")
        sys.stdout.flush()
        await serving

    asyncio.run(serve())
    made.close()


if __name__ == "__main__":
    main()
