"""The arguments of each command; nothing heavy is imported here."""

from __future__ import annotations

import argparse

from vlm_explorer.commands.explain_arguments import add_map_files
from vlm_explorer.errors import UsageError
from vlm_explorer.pixels.ct_choice import CHOICES, parse_choice

LEAST_SIDE = 100  # px, of a window or figure
DEVICES = "auto, cpu, cuda, cuda:N or mps"
METHODS = (
    "auto", "attention", "rollout", "legrad", "gradattn", "decomp", "patchsim", "occlusion",
    "gradcam",
)  # fmt: skip
Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def common_option(parser: argparse.ArgumentParser) -> None:
    """Add what every command has."""
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON value")


def model_option(parser: argparse.ArgumentParser) -> None:
    """Add `--model`."""
    parser.add_argument("--model", metavar="MODEL", help="an encoder's id, or a model folder")


def ct_window_option(parser: argparse.ArgumentParser, default: str | None, text: str) -> None:
    """Add `--ct-window`, whose meaning without it is `text`."""
    choices = f"CT for the encoder through: {', '.join(CHOICES)}; {text}"
    parser.add_argument("--ct-window", metavar="NAME", type=_choice, default=default, help=choices)


def many_option(parser: argparse.ArgumentParser, option: str, metavar: str, text: str) -> None:
    """Add an option that may be repeated, and followed by several values."""
    parser.add_argument(option, metavar=metavar, nargs="+", action="extend", default=[], help=text)


def add_open(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `open`."""
    parser = add_command(
        commands, "open", "open the window on a folder, a collection or the welcome page"
    )
    parser.add_argument("path", nargs="?", help="a folder of images, or a collection")
    model_option(parser)
    return parser


def add_demo(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `demo`."""
    parser = add_command(
        commands, "demo", "open the window on the bundled demo study, or write the study"
    )
    parser.add_argument("--screenshot", metavar="FILE.png", help="draw the window into a file")
    parser.add_argument("--theme", choices=("dark", "light"), help="default: dark")
    parser.add_argument("--size", metavar="WxH", type=size, help="the window's size in pixels")
    parser.add_argument("--scale", metavar="F", type=_scale, default=1.0, help="1 to 4")
    parser.add_argument("--write", metavar="DIR", help="write a demo study into DIR instead")
    parser.add_argument("--images", metavar="N", type=positive, default=400, help="default: 400")
    parser.add_argument("--seed", metavar="S", type=int, default=7, help="default: 7")
    return parser


def add_index(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `index`."""
    parser = add_command(commands, "index", "find, decode and encode images and captions; resumes")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files and folders of images")
    parser.add_argument("--to", metavar="COLLECTION", help="default: in the user's data folder")
    model_option(parser)
    parser.add_argument("--device", default="auto", help=f"{DEVICES}; auto: as before, or the best")
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16", "fp16"))
    parser.add_argument("--batch-size", metavar="N", type=positive, help="default: as before")
    parser.add_argument("--workers", metavar="N", type=positive, help="decoding processes")
    parser.add_argument("--captions", metavar="CSV", help="a table elsewhere; `none` forgets it")
    parser.add_argument(
        "--retry", action="store_true", help="try files again that are known to be unreadable"
    )
    ct_window_option(parser, None, "default: as before in the collection")
    json_option(parser)
    return parser


def add_info(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `info`."""
    parser = add_command(commands, "info", "say what is in a collection")
    parser.add_argument("collection", metavar="COLLECTION")
    json_option(parser)
    return parser


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add what labels are asked, and how."""
    many_option(parser, "--labels", "L", "zero-shot labels; a single value with commas is a list")
    parser.add_argument(
        "--labels-file", metavar="FILE", help="labels, one a line; or the YAML file of a label set"
    )
    parser.add_argument(
        "--labels-set",
        metavar="SET",
        help="a label set by name, or its YAML file, or an export's FILE.json, instead",
    )
    parser.add_argument("--templates", metavar="SET", help="name of a template set")
    parser.add_argument(
        "--task", choices=("single", "multi"), help="default: the label set's, else single"
    )
    parser.add_argument(
        "--temperature",
        metavar="T",
        type=float,
        help="divides the model's logits (default: 1, or what the label set was calibrated to)",
    )
    parser.add_argument(
        "--margin",
        metavar="M",
        type=float,
        default=0.0,
        help="no call where the cosine leads by less (default: 0)",
    )


def add_classify(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `classify`."""
    parser = add_command(commands, "classify", "zero-shot labels for the images of a collection")
    parser.add_argument("collection", metavar="COLLECTION")
    add_labels(parser)
    model_option(parser)
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON value")
    output.add_argument("--csv", metavar="FILE", help="write a table")
    return parser


def add_explain(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `explain`."""
    parser = add_command(commands, "explain", "a saliency map of one image")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--frame", metavar="N", type=int, default=0, help="from 0")
    many_option(parser, "--text", "T", "the prompts whose scores are explained")
    parser.add_argument(
        "--query", metavar="EXPRESSION", default="",
        help='also what moved the cosine with 2:"pleural effusion" + "scan-01.dcm" - "pacemaker", '
        "one vector, as in search",
    )  # fmt: skip
    parser.add_argument("--method", choices=METHODS, default="auto", help="default: auto")
    model_option(parser)
    ct_window_option(parser, "default", "default: the file's own window")
    parser.add_argument(
        "--words", action="store_true", help="also say which words of the one prompt mattered"
    )
    parser.add_argument(
        "--mask", action="store_true", help="with --words: put [MASK] in a word's place"
    )
    add_map_files(parser)
    parser.add_argument(
        "--mute-outliers",
        action="store_true",
        help="replace outlier tokens by the median of the patches around, and say so in all files; "
        "checks are of the map without them, too",
    )
    parser.add_argument(
        "--checks",
        action="store_true",
        help="check how far to trust each map: other prompts, position, insertion and deletion, "
        "randomised weights (many passes through the encoder)",
    )
    json_option(parser)
    return parser


def add_render(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `render`."""
    parser = add_command(
        commands, "render", "the picture that the viewer shows or the encoder sees"
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--frame", metavar="N", type=int, default=0, help="from 0")
    parser.add_argument("--window", metavar="C,W|PRESET|auto", help="default: the file's own")
    parser.add_argument("--for", dest="audience", choices=("screen", "model"), default="screen")
    ct_window_option(parser, "default", "with --for model; default: the file's own window")
    model_option(parser)
    parser.add_argument("--png", metavar="FILE")
    parser.add_argument("--npy", metavar="FILE")
    json_option(parser)
    return parser


def add_import_vectors(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `import-vectors`."""
    parser = add_command(commands, "import-vectors", "take vectors that were computed elsewhere")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
FILE is one of
  a Parquet table: `vector` (a list of numbers), and in each row `image_id`, or `file` and
    optionally `frame` (from 0), or `text`; `logit_scale` and `logit_bias` may stand in its metadata
  a NumPy archive: `image_ids`, or `files` and optionally `frames`, with `image_vectors` (N, D);
    `texts` with `text_vectors` (M, D); optionally `logit_scale` (not its logarithm), `logit_bias`

Files are matched by path: absolute, or relative to a source of the collection or to FILE. Vectors
that are not of unit length are scaled to it, with a warning; a vector that is zero or not finite is
refused. Rows that belong to no image, and images without a vector, are counted and reported."""
    parser.add_argument("collection", metavar="COLLECTION")
    parser.add_argument("file", metavar="FILE", help="*.parquet or *.npz; its content decides")
    parser.add_argument("--model", metavar="ID", required=True, help="the encoder that made them")
    json_option(parser)
    return parser


def add_command(commands: Commands, name: str, text: str) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add a command with its one line of help."""
    return commands.add_parser(name, help=text, description=text)  # type: ignore[attr-defined,no-any-return]


def _choice(text: str) -> str:
    try:
        return parse_choice(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> int:
    """Return a whole number of 1 or more."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def size(text: str) -> tuple[int, int]:
    """Return width and height of "1280x800"."""
    width, separator, height = text.lower().partition("x")
    if not separator or not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text} is not of the form 1280x800")
    if min(int(width), int(height)) < LEAST_SIDE:
        raise argparse.ArgumentTypeError(f"{text} has a side of less than {LEAST_SIDE} pixels")
    return int(width), int(height)


def _scale(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0.5 <= value <= 4:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.5 and 4")
    return value
