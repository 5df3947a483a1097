"""The command line: arguments, exit codes, interrupts. Each command's work is in `commands`."""

from __future__ import annotations

import argparse
import errno
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module

from vlm_explorer import __version__
from vlm_explorer.commands.arguments import (
    add_classify,
    add_demo,
    add_explain,
    add_import_vectors,
    add_index,
    add_info,
    add_open,
    add_render,
    common_option,
)
from vlm_explorer.commands.evaluate_arguments import add_evaluate
from vlm_explorer.commands.export_arguments import add_export
from vlm_explorer.commands.interrupts import INTERRUPTED, STOPPED, heeding_interrupts
from vlm_explorer.commands.layout_arguments import add_compare, add_layout
from vlm_explorer.commands.localise_arguments import add_localise
from vlm_explorer.commands.model_arguments import add_models
from vlm_explorer.commands.review_arguments import add_review
from vlm_explorer.commands.search_arguments import add_describe, add_search
from vlm_explorer.commands.sensitivity_arguments import add_sensitivity
from vlm_explorer.errors import ExplorerError, FileProblem, WrongOptions
from vlm_explorer.jobs import Cancelled

COMMANDS = (
    add_open,
    add_demo,
    add_index,
    add_info,
    add_search,
    add_describe,
    add_classify,
    add_sensitivity,
    add_evaluate,
    add_explain,
    add_localise,
    add_render,
    add_layout,
    add_compare,
    add_export,
    add_import_vectors,
    add_review,
    add_models,
)
SIGNED = ("--window", "--query")  # whose values may begin with a minus sign
_LOST = (errno.ENOSPC, errno.EIO, errno.EBADF)  # where standard output leads nowhere
_OWN = ("-h", "--help", "--version")  # what needs no command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vlm-explorer",
        description="Explore medical images and words in one embedding space. "
        "Without a command: opens the window. Research use, not for diagnosis.",
    )
    parser.add_argument("--version", action="version", version=f"vlm-explorer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for add in COMMANDS:
        common_option(add(commands))
    return parser


def _completed(words: Sequence[str]) -> list[str]:
    """Return the words with the command that may be left out, and such values as argparse misses.

    Options without a command are those of `open`. A value that begins with a minus sign would be
    taken for an option.
    """
    whole = list(words)
    if not whole or (whole[0].startswith("-") and whole[0] not in _OWN):
        whole.insert(0, "open")
    for place in range(len(whole) - 1, 0, -1):
        if whole[place - 1] in SIGNED and re.match(r'-\s*["\d.]', whole[place]):
            whole[place - 1 : place + 1] = [f"{whole[place - 1]}={whole[place]}"]
    return whole


def _command(arguments: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    """Return the function of a command; its module is imported only now."""
    if arguments.command in (None, "open") or (arguments.command == "demo" and not arguments.write):
        run: Callable[[argparse.Namespace], int] = import_module("vlm_explorer.app").run_command
        return run
    module = import_module(f"vlm_explorer.commands.{arguments.command.replace('-', '_')}")
    chosen: Callable[[argparse.Namespace], int] = (
        module.write if arguments.command == "demo" else module.run
    )
    return chosen


def main(words: Sequence[str]) -> int:
    """Run a command.

    Returns:
        0 done, 1 could not do it (one line on standard error), 2 wrong usage, 130 interrupted.
    """
    arguments = _parser().parse_args(_completed(words))
    _prepare(arguments)
    heeding = nullcontext() if arguments.command == "open" else heeding_interrupts(arguments)
    try:
        with heeding:
            code = _command(arguments)(arguments)
        sys.stdout.flush()  # while it can still be said that nobody gets it
        return code
    except (Cancelled, KeyboardInterrupt):
        print(STOPPED, file=sys.stderr)
        return INTERRUPTED
    except ExplorerError as error:
        if arguments.debug:
            raise
        named = getattr(arguments, "file", None) if isinstance(error, FileProblem) else None
        about = f"{named}: " if named else ""
        print(f"vlm-explorer: {about}{error}", file=sys.stderr)
        return 2 if isinstance(error, WrongOptions) else 1
    except BrokenPipeError:
        # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if arguments.debug:
            raise
        if isinstance(error, OSError) and error.errno in _LOST and error.filename is None:
            print(f"vlm-explorer: The output is lost: {error.strerror}.", file=sys.stderr)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        kind = type(error).__name__
        print(f"vlm-explorer: unexpected {kind}: {error} (--debug shows more)", file=sys.stderr)
        return 1


def _prepare(arguments: argparse.Namespace) -> None:
    """Keep libraries quiet, off the network, and stoppable."""
    # HF_HUB_OFFLINE is left to the user: `models fetch` heeds it
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # threads that wait for each other by spinning starve the window and each other
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if not arguments.debug:
        warnings.simplefilter("ignore")
