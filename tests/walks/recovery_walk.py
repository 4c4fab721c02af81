"""A walk with two servers on one database: sign-in, verified addresses, and mails."""

import asyncio
import random
from dataclasses import dataclass, field

from pocketpay.errors import Refusal
from pocketpay.identity.change_password import change_password
from pocketpay.identity.changes import TypedChanges
from pocketpay.identity.one_time_codes import Challenge, Purpose
from pocketpay.identity.request_email_verification import request_email_verification
from pocketpay.identity.request_password_reset import request_password_reset
from pocketpay.identity.request_phone_verification import request_phone_verification
from pocketpay.identity.reset_password import reset_password
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sessions import sign_out
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.update_profile import update_profile
from pocketpay.identity.user import Changed
from pocketpay.identity.verify_email import verify_email
from pocketpay.identity.verify_phone import verify_phone
from pocketpay.identity.viewer import Viewer
from tests.identity.mailbox import wrong
from tests.model import recovery_orders
from tests.model.recovery import Account, Recovery
from tests.model.recovery_customer import RecoveryCustomer
from tests.model.recovery_orders import RecoveryOrder
from tests.people import HOME, PASSWORD, Owner, arrive, facts

PEOPLE = ("ada", "bob", "cyd", "dan")

FORGET_COUNTERS = "truncate throttles, sign_in_lanes, sign_in_turns"
"""Removes the rate limits, which have tests of their own."""

TIME_PASSES = """
update one_time_challenges set created_at = created_at - $1 * interval '1 minute',
    expires_at = expires_at - $1 * interval '1 minute'
"""
PEOPLE_NOW = """
select username, email, email_verified_at is not null, phone, phone_verified_at is not null from users
"""
SESSIONS = "select id from sessions where revoked_at is null"
CHALLENGES = """
select id, purpose, address, tries, used_at is not null as used, expires_at <= clock_timestamp() as over
from one_time_challenges
"""
SHARED = """
select count(*) from (
    select lower(email) from users where email_verified_at is not null group by 1 having count(*) > 1
    union all select phone from users where phone_verified_at is not null group by 1 having count(*) > 1) shared
"""


@dataclass
class RecoveryWalk:
    """A walk with two servers on one database."""

    chance: random.Random
    servers: list[IdentityServices]
    owner: Owner
    challenges: list[Challenge] = field(default_factory=list)
    sessions: dict[int, Admission] = field(default_factory=dict)

    async def prepare(self) -> None:
        self.model = Recovery({name: Account(PASSWORD) for name in PEOPLE})
        self.people = RecoveryCustomer(self.chance, self.model)
        for name in PEOPLE:
            self.sessions[self.model.open_session(name)] = await arrive(self.servers[0], name)

    async def step(self, where: object) -> None:
        """Sends a random order, sometimes twice at once, and compares the answer and the changes with the model."""
        await self.owner.execute(FORGET_COUNTERS)
        order = self.people.order()
        twice = isinstance(order, recovery_orders.ShowCode | recovery_orders.Reset) and self.chance.random() < 0.2
        expected = [self.model.carry_out(order) for _ in range(1 + twice)]
        answers = await asyncio.gather(*(self._answer_to(order) for _ in expected))
        for server in self.servers:
            await server.afterwards.finish()
        assert sorted(answers) == sorted(expected), (where, order)
        await self._compare((where, order))

    async def _answer_to(self, order: RecoveryOrder) -> str:
        try:
            changed = await self._call(self.chance.choice(self.servers), order)
        except Refusal as refusal:
            return refusal.code
        return changed.refusals[0].code if changed is not None and changed.refusals else "ok"

    async def _call(self, server: IdentityServices, order: RecoveryOrder) -> Changed | None:
        match order:
            case recovery_orders.SignIn():
                opened = await sign_in(server, order.login.text, order.password, address=HOME, user_agent=None)
                self.sessions[self.model.sessions] = opened
            case recovery_orders.SignOut():
                await sign_out(server, self._viewer(order.session))
            case recovery_orders.ChangePassword():
                viewer = self._viewer(order.session)
                return await change_password(server, viewer, order.current, order.new, address=HOME)
            case recovery_orders.Give():
                typed = TypedChanges(current_password=order.password, **{f"raw_{order.contact}": order.address})
                return await update_profile(server, self._viewer(order.session), typed, address=HOME)
            case recovery_orders.RequestCode():
                request = request_email_verification if order.contact == "email" else request_phone_verification
                return await request(server, self._viewer(order.session), address=HOME)
            case recovery_orders.ShowCode():
                viewer, shown = self._viewer(order.session), self._shown(order.shown)
                if order.contact == "email":
                    return await verify_email(server, viewer, shown)
                return await verify_phone(server, viewer, shown.code or "")
            case recovery_orders.RequestReset():
                await request_password_reset(server, order.login.text, address=HOME)
            case recovery_orders.Reset():
                shown = self._shown(order.shown)
                await reset_password(server, order.login.text, shown, order.new, address=HOME)
            case recovery_orders.TimePasses():
                await self.owner.execute(TIME_PASSES, order.minutes)
        return None

    def _viewer(self, session: int) -> Viewer:
        return self.sessions[session].viewer

    def _shown(self, shown: recovery_orders.Shown) -> ShownCode:
        challenge, codes = self.challenges[shown.challenge], self.servers[0].codes
        if shown.by_link:
            return ShownCode(token=codes.token(challenge) if shown.right else "A" * 64)
        code = codes.code(challenge)
        return ShownCode(code if shown.right else wrong(code))

    # ------------------------------------------------------------ stored data

    async def _compare(self, where: object) -> None:
        rows = {row[0]: tuple(row)[1:] for row in await self.owner.fetch(PEOPLE_NOW)}
        for name, account in self.model.accounts.items():
            email, phone = account.contacts["email"], account.contacts["phone"]
            assert rows[name] == (email.address, email.verified, phone.address, phone.verified), (where, name)
        assert await facts(self.owner, SHARED) == (0,), where
        await self._compare_challenges(where)
        await self._compare_sessions(where)
        await self._compare_passwords(where)
        mails = await self.owner.fetch("select kind, recipient from outgoing_mails order by id")
        assert [tuple(row) for row in mails] == self.model.mails, where

    async def _compare_challenges(self, where: object) -> None:
        rows = {row["id"]: row for row in await self.owner.fetch(CHALLENGES)}
        made = rows.keys() - {one.id for one in self.challenges}
        assert len(made) == len(self.model.challenges) - len(self.challenges), where
        for id in made:
            users = await self.owner.fetch("select user_id from one_time_challenges where id = $1", id)
            self.challenges.append(Challenge(id, Purpose(rows[id]["purpose"]), users[0][0], rows[id]["address"]))
        for known, wanted in zip(self.challenges, self.model.challenges, strict=True):
            row = rows[known.id]
            assert tuple(row)[1:] == (wanted.purpose, wanted.address, wanted.tries, wanted.used, wanted.over), where

    async def _compare_sessions(self, where: object) -> None:
        """Checks that tokens of open sessions are valid at both servers, and other tokens at neither."""
        live = {row[0] for row in await self.owner.fetch(SESSIONS)}
        open_ = {number for account in self.model.accounts.values() for number in account.sessions}
        assert live == {self.sessions[number].viewer.session_id for number in open_}, where
        for number, admission in list(self.sessions.items())[-12:]:
            for server in self.servers:
                found = await server.gate.viewer(admission.tokens.access_token)
                assert (found is not None) is (number in open_), (where, number)

    async def _compare_passwords(self, where: object) -> None:
        hashes = {row[0]: row[1] for row in await self.owner.fetch("select username, password_hash from users")}
        for name, account in self.model.accounts.items():
            assert (await self.servers[0].passwords.verify(hashes[name], account.password)).matches, (where, name)
