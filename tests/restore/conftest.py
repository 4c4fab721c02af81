"""Leaves these tests out unless RESTORE=whole."""

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("RESTORE") != "whole":
        for item in items:  # of the whole run
            if item.nodeid.startswith("tests/restore/"):
                item.add_marker(pytest.mark.skip(reason="`make restore` runs it"))
