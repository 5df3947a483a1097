"""The arguments of `vlm-explorer review`."""

from __future__ import annotations

import argparse

from vlm_explorer.commands.arguments import Commands, add_command, model_option


def add_review(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `review`."""
    parser = add_command(commands, "review", "near-duplicates, outliers, captions that rank low")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
CHECK is one of
  duplicates: pairs of images at a cosine of 0.98 or more; T is the least cosine
  outliers: images unlike their 10 nearest and unlike all others together; T is the least score,
    the mean of the modified z-scores of the mean cosine distance and the Mahalanobis distance
    (default: where the scores themselves have a modified z-score of 3.5)
  mispaired: captions and images that rank low for each other; T is the least share of all other
    captions and images that come before, 0 to 1 (default: 0.25)

Every image is compared with every other, in the full space."""
    parser.add_argument("collection", metavar="COLLECTION")
    parser.add_argument("check", metavar="CHECK", choices=("duplicates", "outliers", "mispaired"))
    parser.add_argument("--threshold", metavar="T", type=float, help="see below")
    parser.add_argument(
        "--same-series", action="store_true", help="compare images of one series with each other"
    )
    model_option(parser)
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON value")
    output.add_argument("--csv", metavar="FILE", help="write a table")
    return parser
