"""The hosted pages: a customer links a bank account by hand. Their buttons do what the control endpoints do."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tests.stripe_stand_in import debits, payouts
from tests.stripe_stand_in.errors import Refusal
from tests.stripe_stand_in.forms import decode
from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.world import PLATFORM, Call, World

HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font: 16px sans-serif; max-width: 32em; margin: 4em auto">
<h1>{title}</h1><p>{text}</p>{form}</body></html>
"""
FORM = """<form method="post">
<p><label>Last four digits <input name="last4" value="6789" pattern="[0-9]{{4}}" required></label></p>
{buttons}</form>"""
BUTTON = '<button name="outcome" value="{value}">{label}</button> '

BUTTONS = {
    "checkout": {"finished": "Link this account", "microdeposits": "Verify later", "abandoned": "Cancel"},
    "onboarding": {
        "finished": "Finish",
        "verifying": "Submit, verify later",
        "rejected": "Be rejected",
        "abandoned": "Leave",
    },
}
TITLES = {"checkout": "Link a bank account", "onboarding": "Receive payouts"}


async def answer(world: World, request: Request) -> Response:
    """Shows a page, or does what its button says and sends the customer back."""
    kind, token = request.path_params["kind"], request.path_params["token"]
    found = world.store.page(token)
    if found is None or found[0] != kind:
        return _page("Not found", "There is no such page.", status=404)
    _, target, details = found
    if request.method == "GET":
        buttons = "".join(BUTTON.format(value=value, label=label) for value, label in BUTTONS[kind].items())
        text = "This is a stand-in for Stripe. No bank account is real."
        return _page(TITLES[kind], text, FORM.format(buttons=buttons))
    given = decode((await request.body()).decode())
    body = world.store.get(target, PLATFORM)
    assert body is not None
    try:
        with world.store.transaction():
            world.call = Call({})
            back = _done(world, kind, body, details, given)
    except Refusal as error:
        return _page("This is not possible", error.body["error"]["message"], status=error.status)
    return RedirectResponse(back, 303)


def _done(world: World, kind: str, body: Object, details: Object, given: Object) -> str:
    """Carries out the button, and returns where the customer goes."""
    outcome, last4 = given.get("outcome", ""), given.get("last4", "6789")
    if kind == "onboarding":
        if details["expires"] < world.now():
            return str(details["refresh_url"])
        payouts.onboard(world, body, outcome, last4=last4)
        return str(details["return_url"])
    if outcome == "abandoned":
        return str(body["cancel_url"] or body["success_url"])
    debits.finish_session(world, body, last4=last4, microdeposits=outcome == "microdeposits")
    return str(body["success_url"]).replace("{CHECKOUT_SESSION_ID}", body["id"])


def _page(title: str, text: str, form: str = "", *, status: int = 200) -> Response:
    return HTMLResponse(HTML.format(title=escape(title), text=escape(text), form=form), status)
