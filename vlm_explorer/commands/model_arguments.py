"""The arguments of `vlm-explorer models` and its actions."""

from __future__ import annotations

import argparse

from vlm_explorer.commands.arguments import DEVICES, Commands, add_command, json_option


def add_models(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `models`."""
    parser = add_command(commands, "models", "the encoders on offer, and what is on this machine")
    json_option(parser)
    parser.set_defaults(action="list", target=None)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    _action(actions, "list", "all encoders")
    _identified(_action(actions, "show", "one encoder: what it is for, its terms, its files"))
    _fetch(actions)
    _import(actions)
    _identified(_action(actions, "remove", "delete an encoder, or what a stopped fetch left of it"))
    measure = _identified(
        _action(actions, "measure", "measure anew how fast an encoder is here, in which precision")
    )
    measure.add_argument("--device", default="auto", help=DEVICES)
    measure.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16", "fp16"))
    login = _action(actions, "login", "keep a token for the hub in the system's keyring")
    login.add_argument("--token-stdin", action="store_true", help="read it from standard input")
    _action(actions, "logout", "delete the token from the system's keyring")
    return parser


OPTIONS = {
    "--json": "print one JSON value",
    "--quiet": "no progress and no notes",
    "--debug": "show the traceback of an error",
}
Actions = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _action(actions: Actions, name: str, text: str) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add an action; an option that stands before it holds too."""
    parser = add_command(actions, name, text)
    for option, meaning in OPTIONS.items():
        parser.add_argument(option, action="store_true", default=argparse.SUPPRESS, help=meaning)
    return parser


def _identified(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("target", metavar="ID", help="an encoder's id")
    return parser


def _fetch(actions: Actions) -> None:  # type: ignore[valid-type]
    fetch = _identified(
        _action(actions, "fetch", "fetch an encoder from the hub; goes on where it was stopped")
    )
    fetch.add_argument(
        "--revision", metavar="REV", help="another version than the pinned one; main is the newest"
    )
    fetch.add_argument(
        "--token-stdin",
        action="store_true",
        help="read a token for the hub from standard input, for this time alone",
    )


def _import(actions: Actions) -> None:  # type: ignore[valid-type]
    take = _action(actions, "import", "copy a model folder, or make one of a file of weights")
    take.add_argument("target", metavar="DIR|FILE", help="in open_clip's or transformers' layout")
    take.add_argument("--id", help="the id to give it; default: the folder's or file's name")
    _bare_file(take.add_argument_group("a bare file of weights, in open_clip's words"))


def _bare_file(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--architecture", metavar="NAME", help="such as ViT-B-32")
    group.add_argument(
        "--pretrained",
        metavar="TAG",
        default="",
        help="what its training started from, where that decides how images are prepared",
    )
    group.add_argument("--tokenizer", metavar="DIR", help="folder of the tokenizer's files")
    group.add_argument("--image-mean", metavar="X", type=float, nargs=3)
    group.add_argument("--image-std", metavar="X", type=float, nargs=3)
    group.add_argument("--image-interpolation", choices=("bicubic", "bilinear"))
    group.add_argument("--image-resize-mode", choices=("shortest", "longest", "squash"))
