"""A desk over the test's database."""

from tests.desks import desk, kept, records

__all__ = ["desk", "kept", "records"]
