"""A base backup and the archived log restore the books of a chosen moment."""

import time
from pathlib import Path
from urllib.parse import quote

from tests.conftest import Dsns
from tests.deployment.outside import ADMINISTRATOR
from tests.restore.books import checksum, deposit_for_alice, deposits, findings, open_books
from tests.restore.clusters import clusters

ARCHIVED_SECONDS = 60
ARCHIVE = "test ! -f /archive/%f && cp %p /archive/%f.part && mv /archive/%f.part /archive/%f"
"""The command of docs/operations.md. A file with its name is complete."""


def test_the_books_of_a_chosen_moment_are_restored(cluster_home: Path) -> None:
    with clusters(cluster_home / "moments", cluster_home / "home") as made:
        archive = made.folder("archive")
        first = made.at("first")
        first.create()
        with (first.folder / "postgresql.conf").open("a") as conf:
            conf.write(f"archive_mode = on\narchive_command = '{ARCHIVE.replace('/archive', str(archive))}'\n")
        first.start()
        first.make_logins()
        dsns = Dsns(server=first.server_dsn, owner=first.owner_dsn)
        open_books(dsns)
        base = made.at("base")
        made.folder("base")
        reach = f"postgresql://postgres:{quote(ADMINISTRATOR)}@127.0.0.1:{first.port}"
        first.run("pg_basebackup", f"--dbname={reach}", f"--pgdata={base.folder}", "--checkpoint=fast")

        deposit_for_alice(dsns, "11.11")
        moment, right = first.ask("select clock_timestamp()::text"), checksum(dsns)
        deposit_for_alice(dsns, "22.22")
        last = first.ask("select pg_walfile_name(pg_switch_wal())")
        deadline = time.monotonic() + ARCHIVED_SECONDS
        while not (archive / str(last)).exists():
            assert time.monotonic() < deadline, "the log was not archived"
            time.sleep(0.05)
        first.stop("immediate")

        with (base.folder / "postgresql.auto.conf").open("a") as conf:
            conf.write(
                f"archive_mode = off\nrestore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{moment}'\n"
                "recovery_target_action = 'promote'\n"
            )
        signal_file = base.folder / "recovery.signal"
        signal_file.touch()
        made.programs.change_owner(signal_file)
        base.start()
        back = Dsns(server=base.server_dsn, owner=base.owner_dsn)
        while base.ask("select pg_is_in_recovery()"):
            assert time.monotonic() < deadline, "the recovery did not end"
            time.sleep(0.05)
        assert checksum(back) == right
        assert (deposits(back, "11.11"), deposits(back, "22.22")) == (1, 0)
        assert findings(back) == []
        deposit_for_alice(back, "33.33")
        assert findings(back) == []
