"""The command line: what every command shares, and how errors are told."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

# Each command with the module that holds it: only the module that is asked for is loaded, so that --help is quick.
COMMANDS = {
    "demo": "demo",
    "run": "roles",
    "tally": "roles",
    "detect": "roles",
    "correlate": "roles",
    "alert": "roles",
    "worker": "roles",
    "topics": "checks",
    "doctor": "checks",
    "replay": "replaying",
    "send": "feeding",
    "warm-up": "warming",
    "tail": "reading",
    "windows": "reading",
    "backtest": "backtest",
    "schema": "schema",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module = COMMANDS.get(name)
        if module is None:
            return None
        found: click.Command = getattr(importlib.import_module(f"streams.cli.{module}"), name.replace("-", "_"))
        return found


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="outage-streams", prog_name="outages")
def outages() -> None:
    """Is it down, since when, for whom, and whose fault is it?

    Reads errors and reports from Kafka topics and publishes outage windows that explain themselves.
    Settings: flags over OUTAGES_* in the environment over outages.toml.
    """


def settings_options(command: F) -> F:
    """The flags that every command with settings takes."""
    for option in reversed(
        [
            click.option("--config", metavar="FILE", help="Settings file; else OUTAGES_CONFIG, else ./outages.toml."),
            click.option("--brokers", metavar="HOST:PORT,…", help="Kafka to use.  [OUTAGES_BROKERS]"),
            click.option("--prefix", metavar="NAME", help="What our topics' names begin with.  [OUTAGES_PREFIX]"),
            click.option("--clock", type=click.Choice(["broker", "record"]), help="What moves time.  [OUTAGES_CLOCK]"),
            click.option("--catalogue", metavar="FILE", help="Services of your own.  [OUTAGES_CATALOGUE]"),
        ]
    ):
        command = option(command)
    return command


def settings_of(flags: dict[str, Any], **more: Any) -> Any:
    """The settings of this call. `flags` as click gives them; those that are no settings must have been taken out."""
    from streams.settings import load_settings

    return load_settings({**flags, **more}, os.environ, Path.cwd())


def catalogue_of(settings: Any) -> Any:
    """The shipped catalogue with the operator's own over it."""
    from streams.catalogue import load_catalogue

    return load_catalogue(settings.catalogue)


def main() -> None:
    """Runs a command. Exit code 0 success, 1 failure, 2 usage; an error is one line with cause and remedy."""
    try:
        code = outages.main(prog_name="outages", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.UsageError as error:
        where = f" (see `{error.ctx.command_path} --help`)" if error.ctx is not None else ""
        _say(f"{error.format_message()}{where}")
        sys.exit(2)
    except click.ClickException as error:
        _say(error.format_message())
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if not _is_ours(error):
            raise
        _say(" ".join(str(error).split("\n")))
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _say(text: str) -> None:
    click.echo(f"outages: {text}", err=True)


def _is_ours(error: Exception) -> bool:
    """Errors whose text is written for people. Anything else is a fault of the program and shows its traceback."""
    return type(error).__module__.startswith("streams.")
