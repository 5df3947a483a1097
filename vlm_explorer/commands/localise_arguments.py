"""The arguments of `vlm-explorer localise`; nothing heavy is imported here."""

from __future__ import annotations

import argparse

from vlm_explorer.commands.arguments import (
    METHODS,
    Commands,
    add_command,
    ct_window_option,
    json_option,
    many_option,
    model_option,
)


def add_localise(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `localise`."""
    parser = add_command(commands, "localise", "whether maps lie where findings are marked")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
Findings are marked in truth.json beside the images:
  {"scan.dcm": {"findings": [{"name": "nodule", "side": "left", "box": [x0, y0, x1, y1]}]}}
or in a table with the columns file, finding, and x0, y0, x1, y1 or mask (a PNG of the same size).

A hit is a map whose maximum lies in the mark; chance is the mark's share of the image. Intervals
are 95 % (1000 bootstrap samples of patients where these are known, else of images). Boxes of maps
are around what is above half of the map's range."""
    parser.add_argument("place", metavar="COLLECTION|FOLDER")
    parser.add_argument("--truth", metavar="FILE", help="default: truth.json in the folder")
    many_option(parser, "--method", "METHOD", f"{METHODS}; default: auto")
    many_option(parser, "--finding", "NAME", "only these findings")
    parser.add_argument(
        "--prompt", metavar="TEXT", help="default: “{side} {finding}”, both filled in"
    )
    parser.add_argument(
        "--tolerance", metavar="PX", type=float, default=0.0, help="pixels beside it; default: 0"
    )
    model_option(parser)
    ct_window_option(parser, "default", "of a folder; default: the file's own window")
    parser.add_argument("--csv", metavar="FILE", help="write this table, and FILE-maps.csv")
    json_option(parser)
    return parser
