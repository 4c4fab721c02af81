"""A version of Pocket Pay: a folder with its files, and the Python interpreter that runs it.

    working tree   a copy of the files that git tracks or would add, so that edits during a run have no effect
    commit         the files of that commit

This module does not import the package: each version runs in processes of its own, in its own folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError

ROOT = Path(__file__).parents[1]
LOCK = "requirements.lock"

INSTALL_SECONDS = 600
"""Maximum time to install a virtualenv. It takes 10 seconds from a cache and about a minute without one."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """One version: its label, its folder, and the Python interpreter with its requirements."""

    label: str
    folder: Path
    python: Path


def commit_of(name: str, repository: Path = ROOT) -> str:
    """The full hash of the commit with this name. Raises BenchmarkError when there is none, or git is missing."""
    if shutil.which("git") is None:
        raise BenchmarkError("Comparing with another commit needs git: apt-get install git")
    if _git(repository, "rev-parse", "--git-dir").returncode != 0:
        raise BenchmarkError(f"{repository} is not a git repository, so it has no other commit to compare with.")
    found = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode != 0:
        raise BenchmarkError(f"There is no commit {name!r} in {repository}.")
    return found.stdout.strip()


def working_tree(into: Path) -> Checkout:
    """Copies the files of this checkout, uncommitted changes included, into the new folder `into`."""
    listed = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode != 0:
        raise BenchmarkError(f"git cannot list the files of {ROOT}: {listed.stderr.strip()}")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():  # a deleted file stays listed until it is committed
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return Checkout("working tree", into, Path(sys.executable))


def of_commit(commit: str, into: Path) -> Checkout:
    """Extracts a commit into the new folder `into`, and installs a virtualenv there if its lock file differs."""
    into.mkdir(parents=True)
    archive = into.with_suffix(".tar")
    made = _git(ROOT, "archive", "--format=tar", f"--output={archive}", commit)
    if made.returncode != 0:
        raise BenchmarkError(f"git cannot export the files of {commit}: {made.stderr.strip()}")
    with tarfile.open(archive) as files:
        files.extractall(into, filter="data")
    archive.unlink()
    python = Path(sys.executable) if _same_lock(into) else _install(into)
    return Checkout(commit[:7], into, python)


def _same_lock(folder: Path) -> bool:
    lock = folder / LOCK
    return lock.is_file() and lock.read_bytes() == (ROOT / LOCK).read_bytes()


def _install(folder: Path) -> Path:
    """Installs the virtualenv of a commit with the commit's own `make install`."""
    print(f"{LOCK} differs: installing a virtualenv for the commit", flush=True)
    process = subprocess.Popen(
        ["make", "--no-print-directory", "install", f"PYTHON={sys.executable}"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=INSTALL_SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)  # the whole group, because make has child processes
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise BenchmarkError(f"The commit's virtualenv was not installed within {INSTALL_SECONDS} s.") from None
        raise
    python = folder / ".venv" / "bin" / "python"
    if process.returncode != 0 or not python.exists():
        raise BenchmarkError(f"The commit's virtualenv cannot be installed:\n{output.strip()}")
    return python


def _git(repository: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", *arguments], cwd=repository, check=False, capture_output=True, text=True, timeout=60
    )
