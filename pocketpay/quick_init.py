"""A faster `__init__` for frozen dataclasses that each payment creates.

    @quick_init
    @dataclass(frozen=True, slots=True)
    class Key: ...

The `__init__` of a frozen dataclass calls `object.__setattr__` for each field, which takes ten times as long as an
assignment. This one makes the new object an instance of a subclass whose fields can be assigned, assigns them, and
makes it an instance of its own class again. Nobody else has the object before it is frozen.

Nothing else of the class changes. Decision 74 gives the reasons.
"""

from dataclasses import MISSING, fields
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

QUICK: list[type] = []
"""The classes with this `__init__`."""

_OWN_ATTRIBUTES = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
"""Both, because Python assigns directly only where neither is a method written in Python."""

_set_class = object.__dict__["__class__"].__set__


def quick_init(cls: type[T]) -> type[T]:
    """Replaces the `__init__` of the frozen dataclass. Returns the class.

    Raises TypeError for a class with more than fields and plain default values. The class cannot have subclasses.
    """
    # mypy does not know that T is a dataclass.
    if not cls.__dataclass_params__.frozen or hasattr(cls, "__post_init__"):  # type: ignore[attr-defined]
        raise TypeError(f"{cls.__name__} is not a frozen dataclass, or has a __post_init__")
    if any(not field.init or field.default_factory is not MISSING for field in fields(cls)):  # type: ignore[arg-type]
        raise TypeError(f"{cls.__name__} has a field that is not a plain argument")
    assignable = type(cls.__name__, (cls,), {"__slots__": (), "__module__": cls.__module__, **_OWN_ATTRIBUTES})
    cls.__init__ = _init(cls, assignable)  # type: ignore[method-assign]
    cls.__init_subclass__ = classmethod(_no_subclass)  # type: ignore[assignment]
    QUICK.append(cls)
    return cls


def _init(cls: type, assignable: type) -> Any:
    """Compiles the `__init__`, as dataclasses do."""
    names = {"_set_class": _set_class, "_assignable": assignable, "_frozen": cls}
    parameters, assignments = ["self"], []
    for field in fields(cls):
        if field.kw_only and "*" not in parameters:
            parameters.append("*")
        parameters.append(field.name)
        if field.default is not MISSING:
            names[f"_{field.name}"] = field.default
            parameters[-1] += f"=_{field.name}"
        assignments.append(f"    self.{field.name} = {field.name}\n")
    text = (
        f"def __init__({', '.join(parameters)}):\n"
        "    _set_class(self, _assignable)\n"
        f"{''.join(assignments)}"
        "    self.__class__ = _frozen\n"
    )
    made: dict[str, Any] = {}
    exec(text, names, made)  # noqa: S102 - the text has only the names of fields
    made["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return made["__init__"]


def _no_subclass(cls: type) -> NoReturn:
    raise TypeError("a class with quick_init has no subclasses: its __init__ creates its own class only")
