"""The version of the installed package."""

from functools import cache
from importlib import metadata


@cache
def version() -> str:
    """Returns the version, or "unknown" when the code runs without being installed."""
    try:
        return metadata.version("pocketpay")
    except metadata.PackageNotFoundError:
        return "unknown"
