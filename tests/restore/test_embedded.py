"""A backup of a running server with the embedded database, restored into another data directory."""

import shutil
import stat
from pathlib import Path

import httpx

from tests.e2e import processes
from tests.e2e.customer import at, sign_up
from tests.e2e.processes import Installation

BALANCE = "{ wallet { available { amount } } }"


async def test_customers_stay_signed_in_after_a_restore(cluster_home: Path) -> None:
    with (
        processes.installation(cluster_home / "backed-up") as first,
        processes.installation(cluster_home / "restored-to") as second,
    ):
        server = first.start()
        async with at(server.url) as http:
            ada = await sign_up(http, "ada")
            await ada.deposit("12.34")
            before = await ada.ask(BALANCE)
            made = first.run("backup", "a.backup")
            assert made.returncode == 0, made.stderr
            assert made.stdout.endswith(
                "The backup contains the key that signs tokens. Keep the file as secret as the server.\n"
            )
            assert stat.S_IMODE((first.folder / "a.backup").stat().st_mode) == 0o600
            await ada.deposit("1")
            refused = first.run("restore", "a.backup")
            assert (refused.returncode, refused.stdout) == (1, "")
            assert refused.stderr == f"A server is running on the data in {first.data}: stop it, then try again.\n"
        assert server.stop() == 0
        refused = first.run("restore", "a.backup")
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert "has a database already" in refused.stderr

        shutil.copy(first.folder / "a.backup", second.folder)
        _restore(second)
        other = second.start()
        async with at(other.url) as http:
            assert await _ask(http, ada.token) == before
        assert other.stop() == 0
        assert second.run("audit").returncode == 0


def _restore(second: Installation) -> None:
    restored = second.run("restore", "a.backup")
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.endswith(f"Restored a.backup into {second.data}.\n")


async def _ask(http: httpx.AsyncClient, token: str) -> object:
    answer = await http.post("/graphql", json={"query": BALANCE}, headers={"Authorization": f"Bearer {token}"})
    return answer.json()["data"]["wallet"]
