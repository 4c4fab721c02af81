"""Kills of the server and of the bank between creation and answer: nothing is lost and nothing is done twice.

BANK_KILLS in the environment sets the number of kills: `make bank-faults`.
"""

import os
import sys
from itertools import cycle, islice
from pathlib import Path

from tests.bank_faults.kills import ROUNDS, site

KILLS = int(os.environ.get("BANK_KILLS", "1"))


async def test_nothing_is_lost_or_doubled_by_kills_between_creation_and_answer(cluster_home: Path) -> None:
    folder = cluster_home / "bank-kills"
    folder.mkdir()
    async with site(folder) as made:
        for one in islice(cycle(ROUNDS), KILLS):
            await made.round(*one)
        await made.compare()
        if "BANK_KILLS" in os.environ:
            sys.stderr.write(
                f"\n{KILLS} kills, {made.unanswered} of them before the answer: {made.given['deposit']} deposits and "
                f"{made.given['withdrawal']} withdrawals, 0 doubled, 0 lost.\n"
            )
