"""A class with `quick_init` differs from its frozen dataclass only in speed."""

import copy
import inspect
import pickle
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields, is_dataclass, make_dataclass, replace
from typing import Any

import pytest

import pocketpay.app  # noqa: F401 - imports every class of the server
from pocketpay.quick_init import QUICK, quick_init

HOT = (
    *("Answer", "Balance", "Entry", "Facts", "Footprint", "Key", "Leg", "Money", "Outcome", "Standing", "StoredKey"),
    *("Transaction", "Transfer"),
)


def _new_class() -> type:
    """Returns a class that is made now, by the `quick_init` of this moment."""

    @quick_init
    @dataclass(frozen=True, slots=True)
    class New:
        first: int
        second: str = "two"
        third: tuple[int, ...] = field(default=(), kw_only=True)

    return New


def _classes() -> list[Any]:
    return [*QUICK, _new_class()]


def _twin(cls: Any) -> Any:
    """Returns a frozen dataclass with the same fields, as the standard library makes it."""
    same = [(one.name, one.type, field(default=one.default, kw_only=one.kw_only)) for one in fields(cls)]
    return make_dataclass(cls.__name__, same, frozen=True, slots=True)


def _arguments(cls: Any, *, required_only: bool) -> dict[str, object]:
    """Returns a different value for each field."""
    return {
        one.name: f"value {number}"
        for number, one in enumerate(fields(cls))
        if not required_only or one.default is MISSING
    }


def test_the_classes_that_each_payment_creates_are_quick() -> None:
    assert sorted(cls.__name__ for cls in QUICK if cls.__module__.startswith("pocketpay.")) == sorted(HOT)


def test_a_quick_object_is_the_frozen_object_that_the_dataclass_makes() -> None:
    for cls in _classes():
        made, twin = _made_in_every_way(cls), _made_in_every_way(_twin(cls))
        assert [_values(one) for one in made] == [_values(one) for one in twin]
        for one in made:
            assert type(one) is cls
            assert not hasattr(one, "__dict__")
            assert one == replace(one) == copy.copy(one)
            assert hash(one) == hash(replace(one))
            _assert_frozen(one)


def _made_in_every_way(cls: Any) -> list[Any]:
    everything, required = (_arguments(cls, required_only=only) for only in (False, True))
    made = [cls(**everything), cls(**required)]
    if not any(one.kw_only for one in fields(cls)):
        made.append(cls(*everything.values()))
    first = fields(cls)[0].name
    return [*made, replace(made[0], **{first: "another"})]


def _values(made: Any) -> list[object]:
    return [getattr(made, one.name) for one in fields(made)]


def _assert_frozen(made: Any) -> None:
    for one in fields(made):
        with pytest.raises(FrozenInstanceError):
            setattr(made, one.name, None)
        with pytest.raises(FrozenInstanceError):
            delattr(made, one.name)
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        made.another = None


def test_a_quick_class_takes_the_arguments_of_the_dataclass() -> None:
    for cls in _classes():
        assert _parameters(cls) == _parameters(_twin(cls))
        with pytest.raises(TypeError):
            cls(**_arguments(cls, required_only=False), unknown=1)
        if _arguments(cls, required_only=True):
            with pytest.raises(TypeError):
                cls()


def _parameters(cls: Any) -> list[tuple[str, object, object]]:
    signature = inspect.signature(cls.__init__)
    return [(one.name, one.kind, one.default) for one in signature.parameters.values()]


def test_a_quick_object_survives_pickling() -> None:
    money = next(cls for cls in QUICK if cls.__name__ == "Money")
    assert pickle.loads(pickle.dumps(money(1, "USD"))) == money(1, "USD")


def test_a_quick_class_has_no_subclass() -> None:
    for cls in _classes():
        assert [one.__name__ for one in cls.__subclasses__()] == [cls.__name__]
        with pytest.raises(TypeError, match="no subclasses"):
            type("Below", (cls,), {})


@dataclass(slots=True)
class Assignable:
    first: int


@dataclass(frozen=True, slots=True)
class WithFactory:
    first: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WithPostInit:
    first: int

    def __post_init__(self) -> None:
        """Does nothing."""


@dataclass(frozen=True, slots=True)
class WithoutArgument:
    first: int = field(init=False, default=1)


@pytest.mark.parametrize("cls", [Assignable, WithFactory, WithPostInit, WithoutArgument])
def test_other_classes_are_refused(cls: type) -> None:
    assert is_dataclass(cls)
    with pytest.raises(TypeError, match=cls.__name__):
        quick_init(cls)
