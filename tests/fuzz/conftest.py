"""Prints the seeds of long runs on the terminal, past pytest's capture."""

import pytest

from tests.fuzz import rounds


@pytest.fixture(autouse=True)
def prints_its_seeds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(text, flush=True)  # noqa: T201

    monkeypatch.setattr(rounds, "say", say)
