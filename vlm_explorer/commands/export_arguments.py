"""The arguments of `vlm-explorer export`."""

from __future__ import annotations

import argparse

from vlm_explorer.commands.arguments import (
    Commands,
    add_command,
    add_labels,
    json_option,
    many_option,
    model_option,
    size,
)
from vlm_explorer.commands.search_arguments import add_query

FORMATS = ("csv", "parquet", "npz", "files", "copies", "atlas", "tensorboard", "png", "svg")
_EPILOG = """\
Formats: csv and parquet (a table, one row an image), npz (vectors), files (a list of paths), copies
(the files themselves, under names made of their content, with a manifest), atlas (Embedding Atlas),
tensorboard (Embedding Projector), png and svg (a figure of the map). Beside each file lies
FILE.json, in each folder provenance.json, in a figure its metadata: where it comes from, what its
columns mean, and the command that makes it again.

--query gives the cosines to an expression and the rank by it; --fuse to --diverse, as of `search`,
say how it ranks, and add what is ranked by. Diversity is sought among the first 50.

Nothing that may name a patient goes out unless a --with option, or the format files or copies, asks
for it. In CSV, cells of text that begin with = + - @ have an apostrophe before them, so that no
spreadsheet runs them; take it away to have the cell as it was."""


def add_export(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `export`."""
    parser = add_command(commands, "export", "write tables, vectors, files or figures")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("collection", metavar="COLLECTION")
    parser.add_argument("--to", metavar="FILE|DIR", required=True, help="a folder must be empty")
    parser.add_argument("--format", choices=FORMATS, help="default: by the suffix of --to")
    parser.add_argument(
        "--what",
        metavar="all|FILE",
        default="all",
        help="which images: all, or a list of image ids, or an earlier export's FILE.json",
    )
    many_option(parser, "--text", "T", "prompts, each a column of cosines")
    parser.add_argument("--image", metavar="ID", default="", help="a column of cosines to an image")
    add_query(parser)
    add_labels(parser)
    parser.add_argument(
        "--layout",
        metavar="METHOD/SPACE|NAME",
        default="umap/centred",
        help="places on the map, or a kept layout; none: without; default: umap/centred",
    )
    parser.add_argument("--seed", metavar="S", type=int, default=42, help="default: 42")
    parser.add_argument("--neighbors", metavar="N", type=int, dest="n_neighbors", default=15)
    parser.add_argument("--min-dist", metavar="D", type=float, default=0.8)
    parser.add_argument("--perplexity", metavar="P", type=float, default=30.0)
    many_option(
        parser, "--measures", "M", "further columns: kept, outlier, duplicates, caption-rank"
    )
    _figure_options(parser.add_argument_group("how a figure looks"))
    _holding_options(parser.add_argument_group("what goes out only when it is asked for"))
    model_option(parser)
    json_option(parser)
    return parser


def _figure_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--theme", choices=("light", "dark"), default="light", help="default: light")
    group.add_argument(
        "--size", metavar="WxH", type=size, default=(1200, 900), help="default: 1200x900"
    )
    group.add_argument(
        "--scale", metavar="F", type=float, default=2.0, help="pixels each; 1 is 96 dpi; default: 2"
    )
    group.add_argument(
        "--colour-by",
        metavar="WHAT",
        default="",
        help="modality, label, split, cluster, similarity or zero-shot; default: the best there is",
    )


def _holding_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--with-files", action="store_true", help="file paths, which are often named after patients"
    )
    group.add_argument(
        "--with-keys", action="store_true", help="salted keys of patient, study and series"
    )
    group.add_argument(
        "--with-columns", action="store_true", help="the further columns of the captions table"
    )
    group.add_argument("--with-tags", action="store_true", help="tags given in the window")
    group.add_argument(
        "--with-notes", action="store_true", help="notes written in the window, names and all"
    )
    group.add_argument(
        "--with-thumbnails", action="store_true", help="small pictures, with any burned-in text"
    )
