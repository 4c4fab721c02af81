"""Users, profiles and sessions by id, read together for all requests of this server."""

from uuid import UUID

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database
from pocketpay.identity.profile import Profile
from pocketpay.identity.repository import people, profiles, sessions
from pocketpay.identity.session import Session
from pocketpay.identity.user import User


class PeopleReads:
    """One server's joined reads of people.

    users            by their own id
    owners           by the id of their wallet
    profiles         by the id of their wallet, of those who have closed it too
    profiles_by_id   by their own id, without those who have closed their wallet
    sessions         live sessions by their user's id, the newest first; None where there is none
    """

    def __init__(self, database: Database) -> None:
        self.users = JoinedRead[UUID, User](database, people.users)
        self.owners = JoinedRead[UUID, User](database, people.owners)
        self.profiles = JoinedRead[UUID, Profile](database, profiles.by_wallets)
        self.profiles_by_id = JoinedRead[UUID, Profile](database, profiles.by_ids)
        self.sessions = JoinedRead[UUID, list[Session]](database, sessions.live_of_users)
