import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.against import compare
from benchmarks.checkout import commit_of
from benchmarks.errors import BenchmarkError

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty repository."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


@needs_git
@pytest.mark.parametrize("name", ["no-such-commit", "--all"])
def test_a_commit_that_does_not_exist_is_refused(repository: Path, name: str) -> None:
    with pytest.raises(BenchmarkError, match=f"There is no commit '{name}' in "):
        commit_of(name, repository)


@needs_git
def test_a_folder_without_git_has_no_commits(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="is not a git repository"):
        commit_of("HEAD", tmp_path)


def test_a_machine_without_git_gets_an_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BenchmarkError, match="needs git: apt-get install git"):
        commit_of("HEAD")


@pytest.mark.parametrize(("rounds", "seconds"), [(1, 2), (11, 2), (3, 0), (3, 11)])
def test_rounds_or_seconds_out_of_range_are_refused(rounds: int, seconds: int) -> None:
    with pytest.raises(BenchmarkError, match="2 to 10 rounds, with windows of 1 to 10 seconds"):
        compare("HEAD", rounds=rounds, seconds=seconds, out=None)


def test_a_page_without_markers_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# No marks\n")
    with pytest.raises(BenchmarkError, match="has no lines"):
        compare("HEAD", rounds=2, seconds=1, out=page)
