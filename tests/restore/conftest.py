"""Leaves these tests out unless RESTORE=whole."""

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    if os.environ.get("RESTORE") != "whole":
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="`make restore` runs it"))
