"""pg_upgrade moves the database to a new cluster, and the audit finds nothing in it."""

from pathlib import Path

from tests.conftest import Dsns
from tests.restore.books import checksum, deposit_for_alice, findings, open_books
from tests.restore.clusters import clusters


def test_pg_upgrade_keeps_the_books(cluster_home: Path) -> None:
    with clusters(cluster_home / "upgrades", cluster_home / "home") as made:
        old = made.new("old")
        dsns = Dsns(server=old.server_dsn, owner=old.owner_dsn)
        open_books(dsns)
        right = checksum(dsns)
        old.stop()
        for cluster in (old, new := made.at("new")):
            if cluster is new:
                new.create()
            hba = cluster.folder / "pg_hba.conf"
            hba.write_text("local all postgres trust\n" + hba.read_text())  # pg_upgrade uses a socket of its own
        work = made.folder("work")
        done = made.programs.run(
            *("pg_upgrade", "--username=postgres", f"--socketdir={work}"),
            *(f"--old-bindir={made.programs.folder}", f"--new-bindir={made.programs.folder}"),
            *(f"--old-datadir={old.folder}", f"--new-datadir={new.folder}"),
            timeout_seconds=300,
            folder=work,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        new.start()
        upgraded = Dsns(server=new.server_dsn, owner=new.owner_dsn)
        assert checksum(upgraded) == right
        assert findings(upgraded) == []
        deposit_for_alice(upgraded, "33.33")
        assert findings(upgraded) == []
