"""Dataclasses for what every start imports.

>>> from tuxscope.lean_dataclasses import dataclass, replace
>>> @dataclass(frozen=True)
... class Point:
...     x: "int"
...     y: "int" = 0
>>> replace(Point(1), y=2)
Point(x=1, y=2)

The standard library's import inspect, and compile six methods of each class when it is made: that
took a quarter of the time from exec to hello's first line. Here ``__init__`` alone is compiled,
once there are some instances; all else is closures. To a type checker these are the standard
library's, and so they are to ``dataclasses.replace``, ``fields`` and ``asdict``.

Annotations are strings, as ``from __future__ import annotations`` makes them.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from tuxscope.lean_typing import TYPE_CHECKING, Any, NoReturn

MISSING = object()
FEW = 30  # instances


class Spec:
    """A field's declaration, as ``field()`` returns it.

    Attributes:
        default: its default value, or MISSING.
        init, repr, compare: whether the method of that name uses the field.
        annotation: its type, a str.
        kw_only: whether it is a keyword-only parameter.
    """

    __slots__ = ("annotation", "compare", "default", "init", "kw_only", "repr")

    def __init__(
        self,
        default: object = MISSING,
        *,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
    ) -> None:
        self.default = default
        self.init = init
        self.repr = repr
        self.compare = compare
        self.annotation = ""
        self.kw_only = False


class Later:
    """A descriptor: an attribute of a class that is computed when it is first read.

    Attributes:
        owner: the class.
        name: the attribute's name.
        make: a callable without parameters that returns the value.
    """

    def __init__(self, owner: type, name: str, make: Callable[[], object]) -> None:
        self.owner, self.name, self.make = owner, name, make
        setattr(owner, name, self)

    def __get__(self, instance: object, owner: type) -> Any:
        made = self.make()
        setattr(self.owner, self.name, made)
        return made.__get__(instance, owner) if hasattr(made, "__get__") else made


class Initialiser(Later):
    """The ``__init__`` of class ``owner`` with the fields ``specs``, a dict of Spec by name.

    It is compiled after FEW instances, or when it is looked at: that takes as long as making FEW
    without. Most classes have one or two in a run.

    Attributes:
        specs: a dict of the Spec of each field, by name.
        positional: the names of the positional parameters, a list.
        left: the number of instances that are still made without, an int.
    """

    def __init__(self, owner: type, specs: dict[str, Spec]) -> None:
        super().__init__(owner, "__init__", lambda: initialiser(owner, specs))
        self.specs = specs
        self.positional = [name for name, spec in specs.items() if spec.init and not spec.kw_only]
        self.left = FEW

    def __get__(self, instance: object, owner: type) -> Any:
        # Since Python 3.13 inspect.signature() gets it with the class as the instance.
        if instance is None or not self.left or isinstance(instance, type):
            return super().__get__(instance, owner)
        self.left -= 1
        return lambda *args, **named: self.initialise(instance, args, named)

    def initialise(self, instance: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Set the fields of ``instance`` from ``args``, a tuple, and ``named``, a dict, as the
        compiled one does, which raises the TypeError if the arguments do not fit."""
        given = dict(zip(self.positional, args, strict=False))
        values = {name: spec.default for name, spec in self.specs.items()} | given | named
        fits = (
            len(args) <= len(self.positional)
            and not given.keys() & named.keys()
            and all(name in self.specs and self.specs[name].init for name in named)
        )
        missing = [n for n, spec in self.specs.items() if spec.init and values[n] is MISSING]
        if missing or not fits:
            self.make()(instance, *args, **named)  # type: ignore[operator]
            return
        for name in self.specs:
            if values[name] is not MISSING:
                object.__setattr__(instance, name, values[name])
        if hasattr(instance, "__post_init__"):
            instance.__post_init__()


def make_dataclass(
    *, frozen: bool = False, slots: bool = False, eq: bool = True
) -> Callable[[Any], Any]:
    """Return the class decorator, which takes a class and returns one, of
    ``dataclasses.dataclass(frozen=..., slots=..., eq=...)``, as far as we use it; ``frozen``,
    ``slots`` and ``eq`` are bool, keyword-only."""

    def made(cls: Any) -> Any:
        own = own_specs(cls)
        if slots:
            cls = with_slots(cls, tuple(own))
        specs: dict[str, Spec] = getattr(cls, "_specs", {}) | own
        methods: dict[str, object] = {"__repr__": representation(specs)}
        if eq:
            methods |= comparison(specs)
            if not frozen:
                methods["__hash__"] = None
        if frozen:
            methods |= {"__setattr__": forbid_change, "__delattr__": forbid_change}
            methods |= {"__getstate__": state, "__setstate__": set_state}
        for name, method in methods.items():
            if name not in cls.__dict__:
                setattr(cls, name, method)
        cls._specs = specs
        cls.__match_args__ = tuple(  # type: ignore[misc]
            name for name, spec in specs.items() if spec.init and not spec.kw_only
        )
        Initialiser(cls, specs)
        Later(cls, "__dataclass_fields__", lambda: standard(cls, frozen, eq).__dataclass_fields__)
        Later(cls, "__dataclass_params__", lambda: standard(cls, frozen, eq).__dataclass_params__)
        return cls

    return made


def own_specs(cls: type) -> dict[str, Spec]:
    """Return the fields that ``cls``, a class, adds to those of its bases: a dict of Spec by
    name."""
    specs = {}
    kw_only = False
    for name, annotation in cls.__annotations__.items():
        if annotation == "KW_ONLY":
            kw_only = True
        elif not annotation.startswith("ClassVar"):
            declared = cls.__dict__.get(name, MISSING)
            spec = declared if isinstance(declared, Spec) else Spec(declared)
            spec.annotation, spec.kw_only = annotation, kw_only
            if spec is declared and spec.default is MISSING:
                delattr(cls, name)
            elif spec is declared:
                setattr(cls, name, spec.default)
            specs[name] = spec
    return specs


def with_slots(cls: Any, names: tuple[str, ...]) -> Any:
    """Return a copy of ``cls``, a class, with ``names``, a tuple, as its ``__slots__``, which an
    existing class cannot get."""
    left_out = {*names, "__dict__", "__weakref__"}
    namespace = {name: each for name, each in cls.__dict__.items() if name not in left_out}
    made = type(cls)(cls.__name__, cls.__bases__, namespace | {"__slots__": names})
    made.__qualname__ = cls.__qualname__
    return made


def initialiser(cls: type, specs: dict[str, Spec]) -> Callable[..., None]:
    """Return the ``__init__`` of ``cls``, a function whose parameters are the fields ``specs``, a
    dict of Spec by name."""
    # Where an error happened is told by the module's name: asm.source looks at it.
    names: dict[str, Any] = {"__name__": cls.__module__, "_set": object.__setattr__}
    positional = ["self"]
    keywords: list[str] = []
    lines = []
    for name, spec in specs.items():
        value = f"_default_{name}" if spec.default is not MISSING else ""
        if value:
            names[value] = spec.default
        if spec.init:
            (keywords if spec.kw_only else positional).append(f"{name}={value}".rstrip("="))
            value = name
        if value:
            lines.append(f" _set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    if keywords:
        positional += ["*", *keywords]
    exec("\n".join((f"def __init__({', '.join(positional)}):", *lines, " return")), names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = {name: each.annotation for name, each in specs.items() if each.init}
    made.__annotations__["return"] = None
    return made


def representation(specs: dict[str, Spec]) -> Callable[[object], str]:
    """Return the ``__repr__``, a function of an instance that returns a str, of a class with the
    fields ``specs``, a dict of Spec by name."""
    shown = [name for name, spec in specs.items() if spec.repr]

    def text(self: object) -> str:
        pairs = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({pairs})"

    return text


def comparison(specs: dict[str, Spec]) -> dict[str, object]:
    """Return a dict by name of the methods ``__eq__`` and ``__hash__`` of a class with the fields
    ``specs``, a dict of Spec by name."""
    compared = [name for name, spec in specs.items() if spec.compare]
    values: Callable[[object], object] = attrgetter(*compared) if compared else lambda _: ()

    def equal(self: object, other: object) -> Any:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def own_hash(self: object) -> int:
        return hash(values(self))

    return {"__eq__": equal, "__hash__": own_hash}


def forbid_change(self: object, name: str, *_: object) -> NoReturn:
    """Raise FrozenInstanceError for the field ``name``, a str: the ``__setattr__`` and
    ``__delattr__`` of frozen classes, which take the instance first."""
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")


def state(self: Any) -> list[object]:
    """Return the values of all fields, a list, of the instance, the one parameter: the
    ``__getstate__`` of frozen classes."""
    return [getattr(self, name) for name in self._specs]


def set_state(self: Any, values: list[object]) -> None:
    """Set all fields of the instance, the first parameter, to ``values``, a list: the
    ``__setstate__`` of frozen classes."""
    for name, value in zip(self._specs, values, strict=True):
        object.__setattr__(self, name, value)


def changed(value: Any, /, **changes: object) -> Any:
    """Return a copy of the instance ``value``, positional-only, with the fields ``changes``,
    keyword arguments, set to their values: ``dataclasses.replace``."""
    kept = {name: getattr(value, name) for name, each in value._specs.items() if each.init}
    return type(value)(**kept | changes)


def standard(cls: Any, frozen: bool, eq: bool) -> Any:
    """Return a ``dataclasses`` class with the fields of ``cls``, a class; ``frozen`` and ``eq`` are
    bool, as for the decorator."""
    import dataclasses

    fields = []
    for name, spec in cls._specs.items():
        default: Any = dataclasses.MISSING if spec.default is MISSING else spec.default
        field = dataclasses.field(default=default, init=spec.init, repr=spec.repr,
                                  compare=spec.compare, kw_only=spec.kw_only)  # fmt: skip
        fields.append((name, spec.annotation, field))
    return dataclasses.make_dataclass(cls.__name__, fields, frozen=frozen, eq=eq)


if TYPE_CHECKING:
    from dataclasses import KW_ONLY, dataclass, field, replace
else:
    KW_ONLY, dataclass, field, replace = None, make_dataclass, Spec, changed

__all__ = ["KW_ONLY", "dataclass", "field", "replace"]
