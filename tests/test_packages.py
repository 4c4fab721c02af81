"""The packages of the product: each docstring lists its modules, and the rules about imports hold."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import pocketpay

ROOT = Path(pocketpay.__file__).parent
PACKAGES = sorted(path.parent for path in ROOT.rglob("__init__.py"))


def documented(package: Path) -> set[str]:
    """Returns the files and packages that a package's docstring names."""
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    return set(re.findall(r"\w+(?:\.py|/)", text))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(ROOT.parent).as_posix())
def test_a_package_docstring_lists_its_modules(package: Path) -> None:
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    packages = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    named = documented(package)
    assert modules | packages <= named, "the docstring must list every module"
    for name in named - modules - packages:
        assert list(ROOT.rglob(name.rstrip("/"))), f"{name} does not exist"


def test_the_api_package_opens_no_database_session() -> None:
    """A resolver asks a package for data and never takes a database session itself."""
    for file in (ROOT / "api").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("read", "write", "connect"):
                owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                assert owner.strip("_") != "database", f"{file.relative_to(ROOT)}:{node.lineno} opens a session"


SHARED = {
    "pocketpay.payments.create_requests": "requestMoney and splitBill ask by it",
    "pocketpay.payments.settle": "a deposit and a withdrawal end by it",
    "pocketpay.payments.bank_return": "a deposit and a withdrawal come back by it",
    "pocketpay.payments.update_bank_account": "a bank account gets its provider's state by it",
}
"""Modules of `payments` that several verbs share."""

VERBS = [
    f"pocketpay.{package}.{file.stem}"
    for package in ("payments", "operations", "onboarding")
    for file in sorted((ROOT / package).glob("*.py"))
    if re.search(r"^    def decide\(", file.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_contract_against_importing_other_verbs(verb: str) -> None:
    """The import linter checks the verbs that its contract lists."""
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one["name"] == "Verbs do not import one another"]
    assert (verb in contract["modules"]) != (verb in SHARED)


def test_the_list_of_verbs_is_not_empty() -> None:
    assert len(VERBS) > 20
