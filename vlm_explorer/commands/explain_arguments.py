"""The options of `explain` that name files, and how maps look in them."""

from __future__ import annotations

import argparse
from argparse import Namespace

from vlm_explorer.errors import WrongOptions

_SCALES = ("raw", "minmax", "percentile", "symmetric")
_SIGNED = ("blue and orange", "vik", "blue and red")
_KINDS = ("parametric-map", "secondary-capture")


def add_map_files(parser: argparse.ArgumentParser) -> None:
    """Add the options that name files, and how maps look in them."""
    parser.add_argument("--npz", metavar="FILE", help="write grid, overlay and score")
    parser.add_argument("--png", metavar="FILE", help="write the first map over its image")
    parser.add_argument(
        "--figure",
        metavar="FILE.png|FILE.svg",
        help="write all maps with caption and colour bar; FILE.json and FILE.npz beside it",
    )
    parser.add_argument("--dicom", metavar="FILE.dcm", help="write DICOM without identities")
    parser.add_argument(
        "--as",
        dest="dicom_as",
        choices=_KINDS,
        help="raw values, or a picture with its words; default: parametric-map",
    )
    parser.add_argument(
        "--keep-uids",
        action="store_true",
        help="with --dicom: keep the source's UIDs, so that viewers lay the map over the scan",
    )
    parser.add_argument(
        "--sidecar", action="store_true", help="write FILE.json beside --png and --dicom, too"
    )
    parser.add_argument(
        "--scale",
        choices=_SCALES,
        default="minmax",
        help="what the ends of the colours stand for; several maps share it; default: minmax",
    )
    parser.add_argument(
        "--colours",
        choices=("inferno", "magma", "viridis", "cividis", *_SIGNED),
        help=f"the last {len(_SIGNED)} are for signed maps",
    )
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="of --figure")
    parser.add_argument(
        "--with-files", action="store_true", help="name the image's file in what is written"
    )


def check_map_files(arguments: Namespace) -> None:
    """Refuse options that do not fit together, before anything is loaded."""
    if not arguments.dicom and (arguments.dicom_as or arguments.keep_uids):
        raise WrongOptions("--as and --keep-uids need --dicom FILE.", "Add --dicom FILE.dcm.")
    if arguments.sidecar and not (arguments.dicom or arguments.png):
        raise WrongOptions("--sidecar needs a file to lie beside.", "Add --png or --dicom.")
