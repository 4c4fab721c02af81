import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def stopped(body: str) -> "subprocess.CompletedProcess[str]":
    """Runs a program that sends itself a signal and always cleans up."""
    program = f"""
import asyncio, os, signal
from benchmarks.stopping import ignore_signals, exit_on_signals, run

def stop(number=signal.SIGTERM):
    os.kill(os.getpid(), number)

exit_on_signals()
try:
{textwrap.indent(textwrap.dedent(body), "    ")}
    print("not stopped")
finally:
    ignore_signals()
    stop()
    print("cleaned up")
"""
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_runs_the_cleanup_once(number: signal.Signals) -> None:
    ended = stopped(f"stop({int(number)})")
    assert (ended.returncode, ended.stdout, ended.stderr) == (128 + number, "cleaned up\n", "")


def test_a_signal_cancels_the_running_event_loop_task() -> None:
    ended = stopped(
        """
        async def work():
            asyncio.get_running_loop().call_later(0.01, stop)
            await asyncio.sleep(30)

        run(work())
        """
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "cleaned up\n", "")


def test_a_signal_at_the_end_of_the_work_is_not_lost() -> None:
    ended = stopped(
        """
        async def work():
            stop()

        run(work())
        """
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "cleaned up\n", "")
