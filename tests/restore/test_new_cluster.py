"""Backups and dumps are restored into a new cluster: the script of the logins, then `pocketpay restore`."""

import subprocess
from pathlib import Path

from pocketpay.database import revisions
from tests.conftest import Dsns
from tests.e2e import processes
from tests.restore.books import checksum, open_books
from tests.restore.clusters import clusters


def test_every_kind_of_dump_is_restored_and_an_incomplete_restore_is_reported(cluster_home: Path) -> None:
    with (
        clusters(cluster_home / "new", cluster_home / "home") as made,
        processes.installation(cluster_home / "commands") as commands,
    ):
        first = made.new("first")
        dsns = Dsns(server=first.server_dsn, owner=first.owner_dsn)
        open_books(dsns)
        right = checksum(dsns)
        written = commands.run("backup", "a.backup", **first.environment)
        assert written.returncode == 0, written.stderr
        pg_dump = [str(made.programs.folder / "pg_dump"), "--dbname=pocketpay"]
        for form in ("custom", "plain"):
            command = [*pg_dump, f"--format={form}", f"--file={commands.folder / form}"]
            subprocess.run(command, env=first.administrator, check=True, timeout=60)
        first.stop()

        for form in ("a.backup", "custom", "plain"):
            cluster = made.new(f"with-{form}")
            restored = commands.run("restore", form, **cluster.environment)
            assert (restored.returncode, restored.stderr.count("Traceback")) == (0, 0), restored.stderr
            assert "The ledger is correct" in restored.stdout
            assert checksum(Dsns(server=cluster.server_dsn, owner=cluster.owner_dsn)) == right
            cluster.stop("immediate")

        # An administrator who does not know the recipe restores without the command and without roles.
        cluster = made.at("by-hand")
        cluster.create()
        cluster.start()
        cluster.make_logins()
        psql = [str(made.programs.folder / "psql"), "--no-psqlrc", "--quiet", "--dbname=pocketpay"]
        by_hand = subprocess.run(
            [*psql, f"--file={commands.folder / 'plain'}"],
            env=cluster.administrator,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert 'role "pocketpay_server" does not exist' in by_hand.stderr
        for verb in ("serve", "audit"):
            refused = commands.run(verb, **cluster.environment)
            assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
            assert "a role or a grant is missing" in refused.stderr
        repaired = commands.run("migrate", **cluster.environment)
        assert repaired.returncode == 0, repaired.stderr
        lines = repaired.stdout.splitlines()
        assert lines[0] == "Repaired: create role pocketpay_server nologin"
        assert lines[-1] == f"The database is at revision {revisions.expected()}."
        audited = commands.run("audit", **cluster.environment)
        assert audited.returncode == 0, audited.stdout + audited.stderr
