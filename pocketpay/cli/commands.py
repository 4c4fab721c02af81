"""Declares commands: each one returns a Result, accepts `--json`, and turns an expected error into a Result.

A module that declares commands imports at its top only what its options need. Everything else is imported in the
body of a command. So `--help` and a wrong argument are answered immediately, and a command loads only its own
modules. tests/cli/test_every_command.py proves it.
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from pocketpay.cli import output
from pocketpay.cli.output import Problem, Result
from pocketpay.errors import PocketPayError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for errors too.")]
Verb = Callable[..., Result | None]


class Commands(typer.Typer):
    """A group of commands. Its commands return a Result, which is printed."""

    def __init__(self, **options: Any) -> None:
        # Plain text, as every terminal shows it. Rich would also take a third of the time of `--help`.
        super().__init__(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False, **options)

    # Typer lists each option of its decorator; this one passes them on, so mypy sees another signature.
    def command(self, name: str | None = None, **options: Any) -> Callable[[Verb], Verb]:  # type: ignore[override]
        """Declares a command. A command that returns None has printed its result itself."""
        register = super().command(name, **options)

        def declare(verb: Verb) -> Verb:
            register(_printed(verb))
            return verb

        return declare

    def without_command(self, verb: Verb) -> Verb:
        """Declares what a group does when none of its commands is named. The group needs `invoke_without_command`."""
        self.callback()(_printed(verb))
        return verb


def _printed(verb: Verb) -> Callable[..., None]:
    """Returns the command that Typer sees: with `--json`, and printing the result."""

    def run(context: typer.Context, json: bool, **arguments: Any) -> None:
        # The option of a group also applies to its commands: `operator risk --json set ...`.
        json = context.meta["json"] = json or context.meta.get("json", False)
        output.use_json(json)
        if context.invoked_subcommand is not None:
            return
        name = name_of(context)
        result = _result(verb, arguments)
        if result is not None:
            output.show(result, name)
            if result.exit_code:
                raise typer.Exit(result.exit_code)

    signature = inspect.signature(verb)
    added = (
        inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json),
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
    )
    # Typer reads the parameters from `__signature__`, which mypy does not know on a function.
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *added], return_annotation=None
    )
    run.__annotations__ = {**inspect.get_annotations(verb), "json": Json, "context": typer.Context, "return": None}
    run.__doc__, run.__name__ = verb.__doc__, verb.__name__
    return run


def _result(verb: Verb, arguments: dict[str, Any]) -> Result | None:
    try:
        return verb(**arguments)
    except PocketPayError as error:
        return Result(None, problem=output.problem_of(error))
    except Exception as error:  # a program that reads JSON gets JSON for a bug too; the traceback is on stderr
        if isinstance(error, typer.TyperException | typer.Exit) or not output.is_json():
            raise
        import traceback

        traceback.print_exc()
        message = "This is a bug of Pocket Pay. Its traceback is on stderr."
        return Result(None, problem=Problem(output.INTERNAL, message, text=f"{type(error).__name__}"))


def name_of(context: Any) -> str:
    """Returns the command's name without the program's name, like "operator freeze"."""
    if context is None:
        return ""
    path, program = str(context.command_path), str(context.find_root().command_path)
    return path.removeprefix(program).strip()
