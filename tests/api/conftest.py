"""A whole server in this process, and clients of it."""

from tests.clients import client, server

__all__ = ["client", "server"]
