"""Kills under load: no acknowledged order is lost and none is executed twice. `crash` runs more rounds."""

from pathlib import Path

from tests.clearing.crash import scene


async def test_nothing_acknowledged_is_lost_when_the_worker_or_postgresql_is_killed(
    cluster_home: Path, migrated_data: Path
) -> None:
    async with scene(cluster_home, migrated_data) as playing:
        await playing.kill_worker()
        await playing.prove()
        await playing.kill_postgres()
        assert playing.lost_seconds[0] < 10
        await playing.prove()
