"""Creates the demo people of a server if they do not exist yet. One of them is an operator.

The package `onboarding` creates them, and `operations` makes one of them an operator. Neither package imports the
other.
"""

from pocketpay.settings import Settings


async def make(settings: Settings, server_dsn: str) -> None:
    """Creates the demo people. Raises SettingsError when the settings do not allow them, ServiceBusy when the
    database does not answer."""
    from pocketpay.database.sessions import Database
    from pocketpay.identity.user import Role
    from pocketpay.onboarding import demo
    from pocketpay.operations.roles import set_role
    from pocketpay.operator_log.act import Operator

    if demo.OPERATOR not in await demo.seed(settings, server_dsn):
        return
    database = await Database.open(server_dsn, readers=1, writers=1)
    try:
        acting, reason = Operator(None, "pocketpay demo"), "To try the operators' mutations"
        await set_role(database, acting, raw_username=demo.OPERATOR, role=Role.OPERATOR, raw_reason=reason)
    finally:
        await database.close()


def introduction() -> str:
    """Returns a sentence with the usernames and the password of the demo people."""
    from pocketpay.onboarding import demo

    *others, last = (username for username in demo.NAMES if username != demo.OPERATOR)
    customers = f"{', '.join(others)} or {last}"
    return f"Sign in as {customers}, or as the operator {demo.OPERATOR}, with the password {demo.PASSWORD}"


def facts() -> dict[str, object]:
    """Returns the usernames and the password of the demo people."""
    from pocketpay.onboarding import demo

    customers = [username for username in demo.NAMES if username != demo.OPERATOR]
    return {"customers": customers, "operator": demo.OPERATOR, "password": demo.PASSWORD}
