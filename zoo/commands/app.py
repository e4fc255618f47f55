"""The command line. Commands that only read results import neither Keras nor TensorFlow."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from zoo.commands.advise import advise
from zoo.commands.beside import go_on_anew
from zoo.commands.check import check
from zoo.commands.compare import compare
from zoo.commands.data import data
from zoo.commands.doctor import doctor
from zoo.commands.experiments import list_command, show
from zoo.commands.notebook import notebook
from zoo.commands.options import INTERRUPTED, echo, say
from zoo.commands.plot import plot
from zoo.commands.preflight import preflight
from zoo.commands.report import report
from zoo.commands.results import claims, table
from zoo.commands.run import run
from zoo.commands.stale import stale
from zoo.commands.tune import tune
from zoo.commands.why import why
from zoo.errors import FullError, Interrupted, ZooError, in_words

app = typer.Typer(
    name="python -m zoo",
    help="Controlled Keras experiments that put deep-learning advice to the test.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("list")(list_command)
for command in (
    show,
    data,
    run,
    table,
    plot,
    report,
    notebook,
    preflight,
    check,
    tune,
    advise,
    claims,
    why,
    stale,
    compare,
    doctor,
):
    app.command()(command)


def _say_interrupted(kept: str) -> NoReturn:
    echo(f"\nInterrupted. {kept}".rstrip(), err=True)
    sys.exit(INTERRUPTED)


def main(goes_on: bool = True) -> None:
    """Runs the command line; turns the user's mistakes into two lines and exit code 2.

    Args:
        goes_on: Whether another process may take the place of this one once it is full.
    """
    try:
        app()
    except (Interrupted, KeyboardInterrupt) as stop:
        _say_interrupted(str(stop))
    except SystemExit as stop:
        # Typer turns an interrupt into this code, without a word.
        if stop.code == INTERRUPTED:
            _say_interrupted("")
        raise
    except Exception as error:  # noqa: BLE001 - the last door: one line for people, all with --debug
        if goes_on and isinstance(error, FullError) and "--fresh" not in sys.argv:
            go_on_anew(error)
        told = in_words(error)
        say(told)
        sys.exit(2 if isinstance(told, ZooError) else 1)
