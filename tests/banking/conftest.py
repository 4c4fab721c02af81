"""A desk over the test's database."""

from tests.desks import desk, dsns, kept, records, two_desks

__all__ = ["desk", "dsns", "kept", "records", "two_desks"]
