"""Start cases and send them messages: `python starter.py --help`, or in Python `from starter import Starter`."""

import typer

from cli.app import CASE_COMMANDS, main
from gateway.refusals import NotFoundError, RefusedError
from gateway.starter import Starter

__all__ = ["NotFoundError", "RefusedError", "Starter"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
for command in CASE_COMMANDS:
    app.command()(command)

if __name__ == "__main__":
    main(app)
