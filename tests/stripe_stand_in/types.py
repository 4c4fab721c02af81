"""The library's own types: which parameters a request may have, and which fields an object has.

No list of fields is written by hand. The library declares its objects as classes and its parameters as TypedDicts,
in modules that import each other only for the type checker; here their annotations are resolved.
"""

import ast
import functools
import importlib
import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import typing_extensions
from stripe import ListObject, StripeObject
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from tests.stripe_stand_in.errors import Refusal, invalid

OBJECTS = {
    "account": "stripe._account:Account",
    "account_link": "stripe._account_link:AccountLink",
    "balance": "stripe._balance:Balance",
    "balance_transaction": "stripe._balance_transaction:BalanceTransaction",
    "bank_account": "stripe._bank_account:BankAccount",
    "charge": "stripe._charge:Charge",
    "checkout.session": "stripe.checkout._session:Session",
    "customer": "stripe._customer:Customer",
    "dispute": "stripe._dispute:Dispute",
    "event": "stripe._event:Event",
    "mandate": "stripe._mandate:Mandate",
    "payment_intent": "stripe._payment_intent:PaymentIntent",
    "payment_method": "stripe._payment_method:PaymentMethod",
    "payout": "stripe._payout:Payout",
    "setup_intent": "stripe._setup_intent:SetupIntent",
    "transfer": "stripe._transfer:Transfer",
    "transfer_reversal": "stripe._transfer_reversal:TransferReversal",
}
"""The class of each kind of object that the stand-in has."""

UNIONS = (typing.Union, types.UnionType)


class _Names(dict[str, Any]):
    """The names of a module, including those that it imports only for the type checker."""

    def __init__(self, module: types.ModuleType) -> None:
        super().__init__(vars(module))
        self.imported = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    def __missing__(self, name: str) -> Any:
        module, attribute = self.imported[name]
        return getattr(importlib.import_module(module), attribute)


@functools.cache
def _names(module: str) -> _Names:
    return _Names(importlib.import_module(module))


@functools.cache
def hints(owner: type) -> dict[str, Any]:
    """Returns the annotations of a class of the library, resolved, without the options of a request."""
    found: dict[str, Any] = {}
    options = vars(RequestOptions)["__annotations__"] if typing_extensions.is_typeddict(owner) else ()
    for base in reversed(owner.__mro__):
        for name, annotation in vars(base).get("__annotations__", {}).items():
            if not name.startswith("_") and name not in options and "ClassVar" not in str(annotation):
                found[name] = _resolved(annotation, base)
    return found


def _resolved(annotation: Any, owner: type) -> Any:
    """Returns the annotation with each name in quotes replaced by what it names."""
    names = _names(owner.__module__)
    scratch = type("Scratch", (), {"__annotations__": {"it": annotation}, "__module__": owner.__module__})
    nested = {name: value for name, value in vars(owner).items() if isinstance(value, type)}
    return typing.get_type_hints(scratch, {}, _Chain(nested, names), include_extras=True)["it"]


class _Chain(dict[str, Any]):
    def __init__(self, first: Mapping[str, Any], then: _Names) -> None:
        super().__init__(first)
        self.then = then

    def __missing__(self, name: str) -> Any:
        return self.then[name]


def class_of(kind: str) -> type[StripeObject]:
    """Returns the library's class of a kind of object."""
    module, name = OBJECTS[kind].split(":")
    found: type[StripeObject] = getattr(importlib.import_module(module), name)
    return found


def differences(value: Any, hint: Any, path: str = "") -> Iterator[str]:
    """Yields where a value differs from its type in the library: unknown and missing fields, wrong types, and values
    that the library's documentation does not name."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or origin is typing_extensions.NotRequired:
        return
    if origin in UNIONS:
        yield from _of_a_union(value, arguments, path)
    elif origin is typing.Literal:
        if value not in arguments:
            yield f"{path}: {value!r} is none of {arguments}"
    elif origin is list:
        for index, one in enumerate(value if isinstance(value, list) else []):
            yield from differences(one, arguments[0], f"{path}[{index}]")
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
    elif origin is ListObject:
        if value.get("object") != ListObject.OBJECT_NAME:
            yield f"{path}: {value!r} is no list"
        yield from _of_fields({name: one for name, one in value.items() if name != "object"}, ListObject, path)
        for index, one in enumerate(value.get("data", ())):
            yield from differences(one, arguments[0], f"{path}.data[{index}]")
    elif UntypedStripeObject in (origin, hint):
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        yield from _of_fields(value, hint, path)
    elif not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        yield f"{path}: {value!r} is no {hint.__name__}"


def _of_fields(value: Any, owner: type, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no {owner.__name__}"
        return
    known = hints(owner)
    remapped = {there: here for here, there in getattr(owner, "_field_remappings", {}).items()}
    for name, one in value.items():
        hint = known.get(str(remapped.get(name, name)))
        if hint is None:
            yield f"{path}.{name}: {owner.__name__} has no such field"
        elif not (isinstance(hint, typing.TypeVar) or (typing.get_origin(hint) is list and owner is ListObject)):
            yield from differences(one, hint, f"{path}.{name}")
    for name, hint in known.items():
        if not _is_optional(hint) and name not in value:
            yield f"{path}.{name}: {owner.__name__} always has this field"


def _of_a_union(value: Any, arguments: tuple[Any, ...], path: str) -> Iterator[str]:
    """A documented value is expected where the library lists them, although it accepts any text there."""
    if value is None and type(None) in arguments:
        return
    options = [one for one in arguments if one is not type(None)]
    literals = [one for one in options if typing.get_origin(one) is typing.Literal]
    if literals and isinstance(value, str):
        options = literals
    found = [list(differences(value, one, path)) for one in options]
    yield from min(found, key=len)


def _is_optional(hint: Any) -> bool:
    return typing.get_origin(hint) in UNIONS and type(None) in typing.get_args(hint)


def parameters(name: str) -> type:
    """Returns the library's TypedDict of a request's parameters, for example PaymentIntentCreateParams."""
    *folder, short = name.split(".")
    file = re.sub(r"(?<!^)(?=[A-Z])", "_", short).lower()
    found: type = getattr(importlib.import_module(".".join(["stripe.params", *folder, f"_{file}"])), short)
    return found


def coerced(form: Mapping[str, Any], owner: type, path: str = "") -> dict[str, Any]:
    """Returns the parameters of a form in their types. Refuses unknown, missing and malformed ones."""
    known, values = hints(owner), {}
    for name, value in form.items():
        full = f"{path}[{name}]" if path else name
        if name not in known:
            raise invalid(f"Received unknown parameter: {full}", code="parameter_unknown", param=full)
        values[name] = _coerced(value, known[name], full)
    for name, hint in known.items():
        if typing.get_origin(hint) is not typing_extensions.NotRequired and name not in values:
            full = f"{path}[{name}]" if path else name
            raise invalid(f"Missing required param: {full}.", code="parameter_missing", param=full)
    return values


def _coerced(value: Any, hint: Any, path: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing_extensions.NotRequired:
        return _coerced(value, arguments[0], path)
    if origin in UNIONS:
        return _coerced_of_a_union(value, arguments, path)
    if origin is typing.Literal:
        if value in arguments:
            return value
    elif origin is list and isinstance(value, list):
        return [_coerced(one, arguments[0], f"{path}[{index}]") for index, one in enumerate(value)]
    elif origin is dict and isinstance(value, dict):
        return {name: _coerced(one, arguments[1], f"{path}[{name}]") for name, one in value.items()}
    elif UntypedStripeObject in (origin, hint) and isinstance(value, dict):
        return value
    elif typing_extensions.is_typeddict(hint) and isinstance(value, dict):
        return coerced(value, hint, path)
    elif hint is bool and value in ("true", "false"):
        return value == "true"
    elif hint is int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value):
            return int(value)
        raise invalid(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
    elif hint is str and isinstance(value, str):
        return value
    raise invalid(f"Invalid value for {path}", param=path)


def _coerced_of_a_union(value: Any, arguments: tuple[Any, ...], path: str) -> Any:
    """A text has to be one of those that the library documents, where it documents some."""
    literals = [one for one in arguments if typing.get_origin(one) is typing.Literal]
    texts = [one for literal in literals for one in typing.get_args(literal)]
    if value in texts:
        return value
    others = [one for one in arguments if one not in (str, type(None)) and one not in literals]
    refusals = []
    for one in [*others, str] if str in arguments and not any(texts) else others:
        try:
            return _coerced(value, one, path)
        except Refusal as refusal:
            refusals.append(refusal)
    if any(texts):
        raise invalid(f"Invalid {path}: must be one of {', '.join(filter(None, texts))}", param=path)
    raise refusals[0]
