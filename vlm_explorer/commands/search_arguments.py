"""The arguments of `vlm-explorer search` and `describe`; nothing heavy is imported here."""

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


def add_search(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `search`."""
    parser = add_command(commands, "search", "rank the images of a collection")
    parser.add_argument("collection", metavar="COLLECTION")
    many_option(parser, "--text", "T", "what to look for, in words")
    many_option(parser, "--image", "FILE", "what to look for, as an image; several: their mean")
    many_option(parser, "--not-text", "T", "what counts against an image")
    add_query(parser)
    parser.add_argument("-k", type=positive, default=20, help="how many; default: 20")
    model_option(parser)
    json_option(parser)
    return parser


def add_query(parser: argparse.ArgumentParser) -> None:
    """Add what is looked for in an expression, and how that ranks."""
    parser.add_argument(
        "--query",
        metavar="EXPRESSION",
        help='texts and files with weights: 2:"pleural effusion" + "scan-01.dcm" - "pacemaker"; '
        '"scan-01.dcm[40,60,120,140]" is a region of it, x0,y0,x1,y1 in pixels; "mean(ID,ID)" '
        "the mean of several images by their ids",
    )
    parser.add_argument(
        "--fuse",
        choices=("sum", "z"),
        default="sum",
        help="weights are of unit vectors (sum, the default), or of z-normalised cosines",
    )
    parser.add_argument(
        "--rank-by",
        choices=("cosine", "csls", "inverted-softmax"),
        default="cosine",
        help="the last two make up for images that come up for everything; default: cosine",
    )
    parser.add_argument(
        "--per",
        choices=("image", "series", "study", "patient"),
        default="image",
        help="what is listed, each by its best image; default: image",
    )
    parser.add_argument(
        "--reduce",
        choices=("max", "mean", "top-k-mean"),
        default="max",
        help="how the scores of its images make one; default: max",
    )
    parser.add_argument(
        "--top", metavar="N", type=positive, default=5, help="images in top-k-mean; default: 5"
    )
    parser.add_argument(
        "--diverse",
        metavar="D",
        type=float,
        nargs="?",
        const=0.3,
        help="leave out what looks like hits before: 0 not at all, to 1; without a number 0.3",
    )


def add_describe(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `describe`."""
    parser = add_command(commands, "describe", "rank texts by how well they describe an image")
    parser.add_argument("collection", metavar="COLLECTION")
    parser.add_argument(
        "image", metavar="IMAGE", help="a file, an image id, or a region: IMAGE[x0,y0,x1,y1]"
    )
    many_option(parser, "--text", "T", "texts, beside the captions of the collection")
    parser.add_argument(
        "--labels-set", metavar="SET", default="",
        help="also the labels of a set, by its name or its YAML file, as classify asks them",
    )  # fmt: skip
    parser.add_argument(
        "--saved", metavar="NAME", nargs="*", action="extend", default=None,
        help="also queries of texts that were saved with the collection; without a name: all",
    )  # fmt: skip
    parser.add_argument("--only-texts", action="store_true", help="without those captions")
    parser.add_argument("-k", type=positive, default=20, help="how many; default: 20")
    model_option(parser)
    json_option(parser)
    return parser
