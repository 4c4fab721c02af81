"""Damage to search blocks, made as the owner of the tables."""

from pocketpay.transactions.repository.search_blocks import BLOCKS
from tests.operations.damage import Damage

FIRST = "0001-01-02 00:00:00+00"
"""The beginning of a wallet's first block."""
SECOND = "2000-01-01 00:00:00+00"
BLOCK = "insert into search_blocks (wallet_id, since, until, entries, descriptions) values ('{{alice}}', {0});"

SEARCH = (
    Damage(
        "a search block without the descriptions of its transactions",
        BLOCK.format(f"'{FIRST}', now(), 0, 'another text'"),
        {BLOCKS: {f"{{alice}} {FIRST}"}},
    ),
    Damage(
        "a search block that does not follow the block before it",
        BLOCK.format(f"'{SECOND}', '2000-01-02 00:00:00+00', 0, ''"),
        {BLOCKS: {f"{{alice}} {SECOND}"}},
    ),
)
