"""Reads users, profiles and sessions by id, in batches that all requests of this server share."""

from uuid import UUID

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database
from pocketpay.identity.profile import Profile
from pocketpay.identity.repository import people, profiles, sessions
from pocketpay.identity.session import Session
from pocketpay.identity.user import User


class PeopleReads:
    """One server's batched reads of people.

    users            users by user id
    owners           users by wallet id
    profiles         profiles by wallet id, including users who have closed their wallet
    profiles_by_id   profiles by user id, without users who have closed their wallet
    sessions         live sessions by user id, newest first; None when a user has none
    """

    def __init__(self, database: Database) -> None:
        self.users = JoinedRead[UUID, User](database, people.users)
        self.owners = JoinedRead[UUID, User](database, people.owners)
        self.profiles = JoinedRead[UUID, Profile](database, profiles.by_wallets)
        self.profiles_by_id = JoinedRead[UUID, Profile](database, profiles.by_ids)
        self.sessions = JoinedRead[UUID, list[Session]](database, sessions.live_of_users)
