"""The command line: arguments, exit codes, interrupts. Each command's work is in `commands`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType
from typing import NoReturn

from vlm_explorer import __version__
from vlm_explorer.errors import ExplorerError, FileProblem, UsageError
from vlm_explorer.jobs import Cancelled
from vlm_explorer.pixels.ct_choice import CHOICES, parse_choice

DEVICES = "auto, cpu, cuda, cuda:N or mps"
METHODS = "attention, rollout, legrad, gradattn, decomp, patchsim, occlusion, gradcam or auto"
INTERRUPTED = 130  # what a shell expects after Ctrl-C
_GRACE = 1.5  # seconds that a command has to stop by itself


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vlm-explorer",
        description="Explore medical images and words in one embedding space. "
        "Without a command: opens the window. Research use, not for diagnosis.",
    )
    parser.add_argument("--version", action="version", version=f"vlm-explorer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for add in (_open, _demo, _index, _info, _search, _classify, _explain, _render, _layout):
        _common(add(commands))
    _common(_models(commands))
    return parser


Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON value")


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="MODEL", help="an encoder's id, or a model folder")


def _ct_window(parser: argparse.ArgumentParser, default: str | None, text: str) -> None:
    choices = f"CT for the encoder through: {', '.join(CHOICES)}; {text}"
    parser.add_argument("--ct-window", metavar="NAME", type=_choice, default=default, help=choices)


def _many(parser: argparse.ArgumentParser, option: str, metavar: str, text: str) -> None:
    """Add an option that may be repeated, and followed by several values."""
    parser.add_argument(option, metavar=metavar, nargs="+", action="extend", default=[], help=text)


def _open(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "open", "open the window on a folder, a collection or the welcome page")
    parser.add_argument("path", nargs="?", help="a folder of images, or a collection")
    _model(parser)
    return parser


def _demo(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "demo", "open the window on the bundled demo study, or write the study")
    parser.add_argument("--screenshot", metavar="FILE.png", help="draw the window into a file")
    parser.add_argument("--theme", choices=("dark", "light"), help="default: dark")
    parser.add_argument("--size", metavar="WxH", type=_size, help="the window's size in pixels")
    parser.add_argument("--scale", metavar="F", type=_scale, default=1.0, help="1 to 4")
    parser.add_argument("--write", metavar="DIR", help="write a demo study into DIR instead")
    parser.add_argument("--images", metavar="N", type=_positive, default=400, help="default: 400")
    parser.add_argument("--seed", metavar="S", type=int, default=7, help="default: 7")
    return parser


def _index(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "index", "find, decode and encode images and captions; resumes")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files and folders of images")
    parser.add_argument("--to", metavar="COLLECTION", help="default: in the user's data folder")
    _model(parser)
    parser.add_argument("--device", default="auto", help=DEVICES)
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16", "fp16"))
    parser.add_argument("--batch-size", metavar="N", type=_positive)
    parser.add_argument("--workers", metavar="N", type=_positive, help="decoding processes")
    parser.add_argument("--captions", metavar="CSV", help="a table of captions elsewhere")
    _ct_window(parser, None, "default: as before in the collection")
    _json(parser)
    return parser


def _info(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "info", "say what is in a collection")
    parser.add_argument("collection", metavar="COLLECTION")
    _json(parser)
    return parser


def _search(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "search", "rank the images of a collection")
    parser.add_argument("collection", metavar="COLLECTION")
    _many(parser, "--text", "T", "what to look for, in words")
    _many(parser, "--image", "FILE", "what to look for, as an image")
    _many(parser, "--not-text", "T", "what counts against an image")
    parser.add_argument("-k", type=_positive, default=20, help="how many; default: 20")
    _model(parser)
    _json(parser)
    return parser


def _classify(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "classify", "zero-shot labels for the images of a collection")
    parser.add_argument("collection", metavar="COLLECTION")
    _many(parser, "--labels", "L", "labels; a single value with commas is a list")
    parser.add_argument("--labels-file", metavar="FILE", help="labels, one a line")
    parser.add_argument("--templates", metavar="SET", help="name of a template set")
    parser.add_argument("--task", choices=("single", "multi"), help="default: single")
    _model(parser)
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON value")
    output.add_argument("--csv", metavar="FILE", help="write a table")
    return parser


def _explain(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "explain", "a saliency map of one image")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--frame", metavar="N", type=int, default=0, help="from 0")
    _many(parser, "--text", "T", "the prompts whose scores are explained")
    parser.add_argument("--method", default="auto", help=METHODS)
    _model(parser)
    _ct_window(parser, "default", "default: the file's own window")
    parser.add_argument("--npz", metavar="FILE", help="write grid, overlay and score")
    parser.add_argument("--png", metavar="FILE", help="write the first map over its image")
    _json(parser)
    return parser


def _render(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "render", "the picture that the viewer shows or the encoder sees")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--frame", metavar="N", type=int, default=0, help="from 0")
    parser.add_argument("--window", metavar="C,W|PRESET|auto", help="default: the file's own")
    parser.add_argument("--for", dest="audience", choices=("screen", "model"), default="screen")
    _ct_window(parser, "default", "with --for model; default: the file's own window")
    _model(parser)
    parser.add_argument("--png", metavar="FILE")
    parser.add_argument("--npy", metavar="FILE")
    _json(parser)
    return parser


def _layout(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "layout", "map coordinates of images and texts")
    parser.add_argument("collection", metavar="COLLECTION")
    parser.add_argument("--method", default="umap", help="umap or pca; default: umap")
    parser.add_argument("--space", default="raw", help="raw, centred or images; default: raw")
    _many(parser, "--text", "T", "prompts to lay out too")
    parser.add_argument("--seed", metavar="S", type=int, default=42, help="default: 42")
    parser.add_argument("--out", metavar="FILE.parquet")
    _json(parser)
    return parser


def _models(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    parser = _add(commands, "models", "the encoders on offer, and what is on this machine")
    _json(parser)
    parser.set_defaults(action="list", target=None)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    _json(actions.add_parser("list", help="all encoders"))
    show = actions.add_parser("show", help="one encoder")
    show.add_argument("target", metavar="ID")
    _json(show)
    take = actions.add_parser("import", help="copy a folder in open_clip's layout")
    take.add_argument("target", metavar="DIR")
    take.add_argument("--id", help="the id to give it; default: the folder's name")
    actions.add_parser("remove", help="delete an imported encoder").add_argument(
        "target", metavar="ID"
    )
    return parser


def _add(commands: Commands, name: str, text: str) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    return commands.add_parser(name, help=text, description=text)  # type: ignore[attr-defined,no-any-return]


def _choice(text: str) -> str:
    try:
        return parse_choice(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _size(text: str) -> tuple[int, int]:
    width, separator, height = text.lower().partition("x")
    if not separator or not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text} is not of the form 1280x800")
    return int(width), int(height)


def _scale(text: str) -> float:
    value = float(text)
    if not 0.5 <= value <= 4:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.5 and 4")
    return value


def _command(arguments: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    """Return the function of a command; its module is imported only now."""
    if arguments.command in (None, "open") or (arguments.command == "demo" and not arguments.write):
        run: Callable[[argparse.Namespace], int] = import_module("vlm_explorer.app").run_command
        return run
    module = import_module(f"vlm_explorer.commands.{arguments.command}")
    chosen: Callable[[argparse.Namespace], int] = (
        module.write if arguments.command == "demo" else module.run
    )
    return chosen


def main(words: Sequence[str]) -> int:
    """Run a command.

    Returns:
        0 done, 1 could not do it (one line on standard error), 2 wrong usage, 130 interrupted.
    """
    arguments = _parser().parse_args(words)
    if arguments.command is None:
        arguments = _parser().parse_args(["open", *words])
    _prepare(arguments)
    try:
        return _command(arguments)(arguments)
    except (Cancelled, KeyboardInterrupt):
        print("Interrupted. What was done is kept; run the same command to go on.", file=sys.stderr)
        return INTERRUPTED
    except ExplorerError as error:
        if arguments.debug:
            raise
        named = getattr(arguments, "file", None) if isinstance(error, FileProblem) else None
        about = f"{named}: " if named else ""
        print(f"vlm-explorer: {about}{error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if arguments.debug:
            raise
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
    if threading.current_thread() is threading.main_thread() and arguments.command != "open":
        signal.signal(signal.SIGINT, lambda *_: _interrupt(arguments))


def _interrupt(arguments: argparse.Namespace, _frame: FrameType | None = None) -> None:
    """Stop a command: ask it to; and if it sits in a long computation, end it all the same.

    Everything on disk is written in atomic commits, so ending at any time loses only the batch
    that was being computed.
    """
    timer = threading.Timer(_GRACE, _end)
    timer.daemon = True
    timer.start()
    context = getattr(arguments, "context", None)
    if context is None:
        raise KeyboardInterrupt
    context.cancel()


def _end() -> NoReturn:
    import multiprocessing

    for child in multiprocessing.active_children():
        child.kill()
    os._exit(INTERRUPTED)
