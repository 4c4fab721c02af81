"""One side of a comparison: a version's server, its PostgreSQL cluster and its processor time.

The benchmark uses only the public interface: `python -m pocketpay serve` with settings in the environment, and the
documented data folder. `cluster` in the data folder is PostgreSQL's folder, or a link to it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from benchmarks import cpu
from benchmarks.checkout import Checkout
from benchmarks.errors import BenchmarkError
from benchmarks.servers import NO_LIMITS, free_port, wait_until_ready

STOP_SECONDS = 15
AUDIT_SECONDS = 120

SETTINGS = {
    "ACCESS_TOKEN_EXPIRE_MINUTES": "60",
    **{name.upper(): value for name, value in NO_LIMITS.items()},
    "RAPID_TRANSFER_ACTION": "off",
    "SOCKETS_PER_USER": "1000",
    "SOCKETS_PER_ADDRESS": "1000",
    "LOG_LEVEL": "warning",
}
"""The settings of both sides. The risk rules for large payments and new recipients and the limits are on, and never
reached.

The rule for rapid payments is off: a hundred users make as many payments as thousands would, and counting all
payments of one user would cost more than the payment.
"""


class Side:
    """A running version with its own data folder. `close` stops it and removes the folder."""

    def __init__(self, checkout: Checkout, home: Path, *, workers: int | None = None, **settings: str) -> None:
        """`workers` is the number of server processes; None passes no option, which a version may not have.
        `settings` are added to SETTINGS."""
        home.mkdir()
        self.label = checkout.label if workers is None else f"{workers} workers" if workers > 1 else "1 process"
        self._arguments = () if workers is None else ("--workers", str(workers))
        self._settings = settings
        self.port = 0
        self.home = home
        self._checkout = checkout
        self._data = home / "data"
        self._log = home / "server.log"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the server without waiting for it; see `wait`."""
        self.port = free_port()
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                self._command("serve", *self._arguments),
                cwd=self._checkout.folder,
                env=self._environment(PORT=str(self.port)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the benchmark, which then stops the server
            )

    def wait(self) -> None:
        assert self._server is not None
        try:
            wait_until_ready(self._server, f"http://127.0.0.1:{self.port}/readyz")
        except BenchmarkError as error:
            raise BenchmarkError(f"{self.label}: {error}:\n{self._log.read_text()[-2000:]}") from None

    def cpu(self) -> cpu.Cpu:
        """The processor time that the server and its PostgreSQL have used so far."""
        assert self._server is not None
        return cpu.read(self._server.pid, int((self._data / "cluster" / "postmaster.pid").read_text().split()[0]))

    def processes(self) -> list[int]:
        """The process ids of the server and all its children."""
        assert self._server is not None
        return cpu.tree(self._server.pid)

    def audit(self) -> str:
        """Runs this version's audit and returns its last line. Raises BenchmarkError when the books are wrong."""
        ran = subprocess.run(
            self._command("audit"),
            cwd=self._checkout.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
            timeout=AUDIT_SECONDS,
            start_new_session=True,
        )
        if ran.returncode != 0:
            raise BenchmarkError(f"{self.label}: the audit failed:\n{ran.stdout}{ran.stderr}")
        return ran.stdout.strip().rpartition("\n")[2]

    def terminate(self) -> None:
        """Asks the server to stop; `close` waits for it."""
        if self._server is not None:
            self._server.terminate()

    def close(self) -> None:
        """Stops the server and its PostgreSQL, and removes the data. When run as root, `cluster` is a link to another
        folder, which is removed too."""
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        for name in ("cluster", "cluster.new"):
            cluster = (self._data / name).resolve()
            if cluster.exists():
                _end_postgres(cluster)
                shutil.rmtree(cluster, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def _command(self, *arguments: str) -> list[str]:
        return [str(self._checkout.python), "-m", "pocketpay", *arguments]

    def _environment(self, **settings: str) -> dict[str, str]:
        """The environment of the server: only these settings, so that the user's own DATABASE_URL has no effect."""
        return {
            "PATH": os.environ["PATH"],
            "POCKETPAY_DATA": str(self._data),
            **SETTINGS,
            **self._settings,
            **settings,
        }


def _end_postgres(cluster: Path) -> None:
    """Stops the postmaster of a killed server. Normally there is none."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((cluster / "postmaster.pid").read_text().split()[0])
        for number in (signal.SIGINT, signal.SIGQUIT):
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline and os.path.samefile(f"/proc/{pid}/cwd", cluster):
                os.kill(pid, number)
                time.sleep(0.2)
