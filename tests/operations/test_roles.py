"""The operator role, in the database: who is an operator now, and whose role can be set."""

import pytest
import uuid_utils.compat as uuids

from pocketpay.database.sessions import Database
from pocketpay.identity.errors import Forbidden
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.user import Role
from pocketpay.identity.viewer import Viewer
from pocketpay.operations import roles
from pocketpay.operator_log.act import Operator
from pocketpay.transactions.errors import NotFound
from tests.people import arrive

CONSOLE = Operator(None, "somebody at the command line")


async def test_only_a_user_with_the_role_is_an_operator(database: Database, services: IdentityServices) -> None:
    ada = (await arrive(services)).viewer
    stranger = Viewer(uuids.uuid7(), uuids.uuid7(), uuids.uuid7())
    async with database.read() as session:
        for viewer in (ada, stranger):
            with pytest.raises(Forbidden):
                await roles.operator(session, viewer)
    _, changed = await roles.set_role(
        database, CONSOLE, raw_username="ada", role=Role.OPERATOR, raw_reason="New in the team"
    )
    assert changed
    async with database.read() as session:
        assert (await roles.operator(session, ada)).wallet_id == ada.wallet_id


async def test_the_role_of_a_user_who_does_not_exist_cannot_be_set(database: Database) -> None:
    with pytest.raises(NotFound) as refused:
        await roles.set_role(
            database, CONSOLE, raw_username="nobody", role=Role.OPERATOR, raw_reason="New in the team"
        )
    assert refused.value.field == "user"
