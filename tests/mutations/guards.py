"""The guards in the code, enumerated from its syntax tree, and how each one is removed.

    if A or B: raise X          one guard for A and one for B: the operand is removed
    if A: raise X               the condition becomes False
    if A: return ...            the same, in a function that has the book (a rule)
    raise X                     removed, where no `if` of its own leads to it
    require_...(...)            the call is removed
    Refusal() if A else None    becomes None
    ... if A and B else None    one guard for A and one for B: the operand is removed
    A or B, returned            one guard for A and one for B, in a rule: the operand is removed
    hold=..., key=...           becomes None, in an outcome: the hold stays as it is, or the key is not stored

A guard's id is its file, its function and its text, so it does not change when other lines do. A guard whose text
changes has a new id, and then `test_table` fails until the table has it.
"""

import ast
import importlib
import types
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pocketpay.errors import PocketPayError

ROOT = Path(__file__).parents[2]

SCOPE = (
    *("payments/*.py", "requests/*.py", "cards/*.py", "clearing/*.py", "operations/*.py"),
    *("onboarding/close_wallet.py", "onboarding/lock_out.py", "onboarding/welcome_bonus.py"),
    *("operator_log/act.py", "ledger/account.py", "transactions/lifecycle.py"),
)
"""The verbs, and what all of them share."""

NO_VERBS = ("operations/audit.py",)
"""The audit at the command line, which only reads."""

NO_REFUSALS = ("RuleFailed", "ConnectionError", "SettingsError", "DatabaseUnavailable", "unreachable")
"""Raised for bugs, for wrong settings and for a database that does not answer: not refusals of a verb."""

BOOK_FILES = ("clearing/book.py",)
"""Files whose methods are all rules, because their class is the book."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class DoesNotApply(Exception):
    """The code has no such guard, or more than one."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: `remove` changes the syntax tree that it was found in."""

    file: str
    function: str
    text: str
    remove: Callable[[], None]

    @property
    def id(self) -> str:
        return f"{self.file} {self.function}: {self.text}"


def files() -> list[str]:
    """Returns the files in the scope, relative to the package."""
    package = ROOT / "pocketpay"
    found = (str(path.relative_to(package)) for pattern in SCOPE for path in package.glob(pattern))
    return sorted(file for file in found if file not in NO_VERBS)


def ids() -> list[str]:
    """Returns the id of every guard in the scope."""
    return [guard.id for file in files() for guard in guards_of(file, _parsed(file))]


def remove(guard_id: str) -> None:
    """Removes the guard from the running process. Raises DoesNotApply."""
    file = file_of(guard_id)
    tree = _parsed(file)
    found = [guard for guard in guards_of(file, tree) if guard.id == guard_id]
    if len(found) != 1:
        raise DoesNotApply(f"{len(found)} guards have the id {guard_id!r}")
    found[0].remove()
    replace_code(file, found[0].function, tree)


def replace_code(file: str, qualified: str, tree: ast.Module) -> None:
    """Gives the loaded function the code that it has in the tree. All imported references to it change with it."""
    ast.fix_missing_locations(tree)
    code = _code_of(compile(tree, str(ROOT / "pocketpay" / file), "exec"), qualified)
    loaded(file, qualified).__code__ = code


def loaded(file: str, qualified: str) -> types.FunctionType:
    """Returns the function that this process has loaded from the file."""
    found: object = importlib.import_module("pocketpay." + file.removesuffix(".py").replace("/", "."))
    for name in qualified.split("."):
        found = vars(found)[name]
    return function_of(found)


@contextmanager
def removed(*guard_ids: str) -> Iterator[None]:
    """Removes these guards during the block. Several guards of one function are removed together."""
    by_function: dict[tuple[str, str], set[str]] = {}
    for guard_id in guard_ids:
        (guard,) = (each for each in guards_of(file_of(guard_id), _parsed(file_of(guard_id))) if each.id == guard_id)
        by_function.setdefault((guard.file, guard.function), set()).add(guard_id)
    before = {where: loaded(*where).__code__ for where in by_function}
    try:
        for (file, function), ids in by_function.items():
            tree = _parsed(file)
            for guard in guards_of(file, tree):
                if guard.id in ids:
                    guard.remove()
            replace_code(file, function, tree)
        yield
    finally:
        for where, code in before.items():
            loaded(*where).__code__ = code


def file_of(guard_id: str) -> str:
    """Returns the file of the guard, relative to the package."""
    return guard_id.split(" ", 1)[0]


def function_of(found: object) -> types.FunctionType:
    """Returns the function under a property, a class method or a decorator."""
    if isinstance(found, property):
        found = found.fget
    while not isinstance(found, types.FunctionType) or hasattr(found, "__wrapped__"):
        found = getattr(found, "__func__", None) or vars(found)["__wrapped__"]
    return found


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Returns each function and method with its qualified name. A nested function belongs to the one around it."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, Function))


def guards_of(file: str, tree: ast.Module) -> list[Guard]:
    """Returns the guards of a file, with ids that are different from each other."""
    found = [
        Guard(file, name, text, change)
        for name, function in functions(tree)
        for text, change in _Finder(function, rule=_is_rule(file, function)).found
    ]
    repeated = Counter[str]()
    numbered = []
    for guard in found:
        repeated[guard.id] += 1
        n = repeated[guard.id]
        numbered.append(guard if n == 1 else Guard(guard.file, guard.function, f"{guard.text} ({n})", guard.remove))
    return numbered


class _Finder(ast.NodeVisitor):
    def __init__(self, function: Function, *, rule: bool) -> None:
        self.found: list[tuple[str, Callable[[], None]]] = []
        self._rule = rule
        for statement in function.body:
            self.visit(statement)

    def visit_If(self, node: ast.If) -> None:
        last = node.body[-1]
        guards = isinstance(last, ast.Raise) and _refuses(last)
        if guards or (self._rule and isinstance(last, ast.Return)):
            then = _refusal_name(last) if isinstance(last, ast.Raise) else _short(ast.unparse(last))
            for text, change in _operands(node, ast.Or):
                self.found.append((f"if {text}: {then}", change))
            rest: list[ast.stmt] = [*(node.body[:-1] if guards else node.body), *node.orelse]
        else:
            rest = [*node.body, *node.orelse]
        self.visit(node.test)
        for statement in rest:
            self.visit(statement)

    def visit_Raise(self, node: ast.Raise) -> None:
        if _refuses(node):
            self.found.append((_refusal_name(node), lambda: _become(node, ast.Pass())))

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call) and _name(call.func).startswith(("require_", "_check_")):
            self.found.append((ast.unparse(node), lambda: _become(node, ast.Pass())))
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        if _is_none(node.orelse) and isinstance(node.body, ast.Call) and _is_refusal(_name(node.body.func)):
            self.found.append((_short(ast.unparse(node)), lambda: setattr(node, "test", ast.Constant(False))))
        elif _is_none(node.body) and isinstance(node.orelse, ast.Call) and _is_refusal(_name(node.orelse.func)):
            self.found.append((_short(ast.unparse(node)), lambda: setattr(node, "test", ast.Constant(True))))
        elif self._rule and _is_none(node.orelse) and isinstance(node.test, ast.BoolOp):
            for text, change in _operands(node, ast.And):
                self.found.append((f"{_short(ast.unparse(node.body))} if {text} else None", change))
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if self._rule and isinstance(node.value, ast.BoolOp) and isinstance(node.value.op, ast.Or):
            for value in node.value.values:
                self.found.append((f"return ... or {ast.unparse(value)}", _without(node.value, value)))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _name(node.func) == "Outcome":
            for keyword in node.keywords:
                if keyword.arg in ("hold", "key") and not _is_none(keyword.value):
                    text = f"Outcome({_short(', '.join(map(ast.unparse, node.args)))}, {ast.unparse(keyword)})"
                    self.found.append((text, _value_none(keyword)))
        self.generic_visit(node)


def _operands(node: ast.If | ast.IfExp, op: type[ast.boolop]) -> list[tuple[str, Callable[[], None]]]:
    """Returns the operands of the condition, and how each is removed."""
    test = node.test
    if isinstance(test, ast.BoolOp) and isinstance(test.op, op):
        return [(_short(ast.unparse(value)), _without(test, value)) for value in test.values]
    return [(_short(ast.unparse(test)), lambda: setattr(node, "test", ast.Constant(False)))]


def _without(test: ast.BoolOp, value: ast.expr) -> Callable[[], None]:
    """Returns the change that makes the operand true in a conjunction, and false in a disjunction."""
    neutral = ast.Constant(isinstance(test.op, ast.And))
    return lambda: test.values.__setitem__(test.values.index(value), neutral)


def _value_none(keyword: ast.keyword) -> Callable[[], None]:
    return lambda: setattr(keyword, "value", ast.Constant(None))


def _become(node: ast.stmt, other: ast.stmt) -> None:
    """Turns a statement into another one in place."""
    ast.copy_location(other, node)
    node.__class__ = other.__class__
    node.__dict__.clear()
    node.__dict__.update(other.__dict__)


def _is_rule(file: str, function: Function) -> bool:
    names = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    return "book" in names or file in BOOK_FILES


def _refuses(node: ast.Raise) -> bool:
    return node.exc is not None and _exception(node) not in NO_REFUSALS


def _refusal_name(node: ast.Raise) -> str:
    return f"raise {_exception(node)}"


def _exception(node: ast.Raise) -> str:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return _name(raised) if raised is not None else ""


def _is_refusal(name: str) -> bool:
    return name in {each.__name__ for each in _subclasses(PocketPayError)}


def _subclasses(of: type[Exception]) -> set[type[Exception]]:
    direct: list[type[Exception]] = of.__subclasses__()
    return {each for one in direct for each in (one, *_subclasses(one))}


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."


def _parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / "pocketpay" / file).read_text())


def _code_of(code: types.CodeType, qualified: str) -> types.CodeType:
    found = [each for each in _all_code(code) if each.co_qualname == qualified]
    if len(found) != 1:
        raise DoesNotApply(f"{len(found)} functions are called {qualified}")
    return found[0]


def _all_code(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _all_code(constant)
