"""A stand-in in a process of its own, for tests that kill it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import pocketpay
from tests.patience import PATIENCE_SECONDS
from tests.stripe_stand_in.stand_in import KEY


@dataclass
class StandInProcess:
    """A running stand-in at `url`."""

    process: subprocess.Popen[bytes]
    url: str

    def post(self, path: str, *, key: str, **fields: Any) -> httpx.Response:
        """Sends a request to the API, without the library."""
        headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": key}
        return httpx.post(f"{self.url}/v1/{path}", data=fields, headers=headers, timeout=PATIENCE_SECONDS)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Sends a control request."""
        response = httpx.request(method, f"{self.url}/control/{path}", json=body or {}, timeout=PATIENCE_SECONDS)
        response.raise_for_status()
        return response.json()

    def kill(self) -> None:
        """Kills it, as a power failure would."""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)


@contextmanager
def process(folder: Path, *arguments: str, port: int = 0) -> Iterator[StandInProcess]:
    """Starts a stand-in whose state is in the folder, and kills it at the end."""
    said = folder / "stand-in.out"
    command = [sys.executable, "-m", "tests.stripe_stand_in", "--control", "--port", str(port)]
    with said.open("wb") as out:
        running = subprocess.Popen(
            [*command, "--state", str(folder / "stand-in.sqlite"), *arguments],
            cwd=Path(pocketpay.__file__).parents[1],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    made = StandInProcess(running, "")
    try:
        made.url = _until_it_serves(running, said)
        yield made
    finally:
        made.kill()


def _until_it_serves(running: subprocess.Popen[bytes], said: Path) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        text = said.read_text()
        if "\n" in text and " is at " in text:
            return text.partition("\n")[0].rpartition(" ")[2]
        assert running.poll() is None, text
        time.sleep(0.02)
    raise AssertionError(f"The stand-in does not serve: {said.read_text()}")
