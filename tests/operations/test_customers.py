"""Finding a customer by an email address that many users have given."""

from pocketpay.database.sessions import Database
from pocketpay.operations.customers import MAX_FOUND, CustomerQuery, find
from tests.people import arrive, has_verified_email, receiving

MAIL = "ada@example.com"


async def test_the_owner_of_an_address_is_found_among_many_who_have_given_it(database: Database) -> None:
    async with receiving(database) as services:
        await arrive(services, "first", raw_email=MAIL)
        for number in range(MAX_FOUND):
            await arrive(services, f"claims_{number}", raw_email=MAIL)
        await arrive(services, "zoe", raw_email=MAIL)
        await has_verified_email(database, "zoe")
    async with database.read() as session:
        found = [user.username for user in await find(session, CustomerQuery(email=MAIL))]
    assert found[:2] == ["zoe", "first"]
    assert len(found) == MAX_FOUND
