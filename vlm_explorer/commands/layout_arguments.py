"""The arguments of `vlm-explorer layout` and `compare`; nothing heavy is imported here."""

from __future__ import annotations

import argparse

from vlm_explorer.commands.arguments import (
    Commands,
    add_command,
    json_option,
    many_option,
    model_option,
    positive,
)

LAYOUTS = ("umap", "tsne", "pacmap", "pca")
SPACES = ("raw", "centred", "crossmodal", "images")


def add_layout(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `layout`."""
    parser = add_command(commands, "layout", "map coordinates of images and texts; named layouts")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
Spaces
  raw         the joint space as it is, with its gap between images and texts
  centred     images and texts each less their own mean, so that the gap closes
  crossmodal  laid out from the images alone; each text placed by the images nearest to it
  images      the same map without the captions

--name N keeps the layout under a name, with the collection. Alone it opens the layout of that name
as it was, without laying out anything."""
    parser.add_argument("collection", metavar="COLLECTION")
    parser.add_argument("--method", choices=LAYOUTS, help="default: umap")
    parser.add_argument("--space", choices=SPACES, help="default: raw")
    many_option(parser, "--text", "T", "prompts to lay out too")
    parser.add_argument("--seed", metavar="S", type=int, help="default: 42")
    parser.add_argument(
        "--neighbors", metavar="N", type=int, dest="n_neighbors", help="umap, pacmap; default: 15"
    )
    parser.add_argument(
        "--min-dist", metavar="D", type=float, help="umap: least distance, 0 to 1; default: 0.8"
    )
    parser.add_argument("--perplexity", metavar="P", type=float, help="tsne; default: 30")
    model_option(parser)
    parser.add_argument("--name", metavar="N", help="keep the layout under a name, or open it")
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--list", action="store_true", help="list the named layouts")
    doing.add_argument("--rename", nargs=2, metavar=("OLD", "NEW"), help="rename a layout")
    doing.add_argument("--remove", metavar="N", help="remove a named layout")
    parser.add_argument("--out", metavar="FILE.parquet")
    json_option(parser)
    return parser


def add_compare(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `compare`."""
    parser = add_command(commands, "compare", "how far two encoders, or two layouts, agree")
    parser.add_argument("collection", metavar="COLLECTION")
    model_option(parser)
    parser.add_argument(
        "--with", dest="other", metavar="MODEL", help="the second encoder; default: the same"
    )
    parser.add_argument("--k", "-k", type=positive, default=15, help="neighbours; default: 15")
    for option, choices in (("method", LAYOUTS), ("space", SPACES)):
        parser.add_argument(
            f"--{option}",
            choices=choices,
            default=choices[0],
            help=f"of the maps; default: {choices[0]}",
        )
        parser.add_argument(
            f"--with-{option}", choices=choices, help="of the second map, where it is another"
        )
    parser.add_argument("--seed", metavar="S", type=int, default=42, help="default: 42")
    parser.add_argument("--with-seed", metavar="S", type=int, help="of the second map")
    parser.add_argument("--name", metavar="NAME", help="a kept layout instead of a new one")
    parser.add_argument("--with-name", metavar="NAME", help="a kept layout as the second map")
    parser.add_argument("--out", metavar="FILE.parquet", help="overlap and places of every image")
    json_option(parser)
    return parser
