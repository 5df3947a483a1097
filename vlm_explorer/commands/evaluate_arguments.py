"""The arguments of `vlm-explorer evaluate`; nothing heavy is imported here."""

from __future__ import annotations

import argparse

from vlm_explorer.commands.arguments import Commands, add_command, json_option, many_option


def add_evaluate(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `evaluate`."""
    parser = add_command(
        commands, "evaluate", "how well labels fit, where it is known what is true; retrieval"
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
AUROC and average precision are of all cases whose column says what is true of them. Thresholds and
calibration are fitted on half of the patients and measured on the other. Intervals are 95 % (1000
bootstrap samples of patients where these are known, else of images); differences are paired: the
same cases in the same samples.

--retrieval ranks images for each caption and captions for each image, in the raw and in the centred
space, and needs no labels."""
    parser.add_argument("collection", metavar="COLLECTION")
    many_option(parser, "--labels", "L", "labels; a single value with commas is a list")
    parser.add_argument("--labels-file", metavar="FILE", help="labels, one a line")
    parser.add_argument(
        "--labels-set", metavar="SET", help="a label set by name, or its YAML file, instead"
    )
    truth_options(parser)
    many_option(
        parser, "--map", "LABEL=VALUE",
        "a value of that column, or a column of 0 and 1, that stands for a label",
    )  # fmt: skip
    many_option(
        parser, "--only", "COLUMN=VALUE", "only such images; of a column, any of its values"
    )
    many_option(parser, "--templates", "SET", "template sets; several are compared")
    parser.add_argument(
        "--task", choices=("single", "multi"), help="default: the label set's, else multi"
    )
    many_option(parser, "--model", "MODEL", "encoders; several are compared")
    parser.add_argument(
        "--split-column", metavar="NAME", default="",
        help="its cases val…, dev… or tun… fit thresholds; default: half of the patients do",
    )  # fmt: skip
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="default: 0")
    parser.add_argument("--retrieval", action="store_true", help="captions and images, too")
    parser.add_argument(
        "--csv", metavar="FILE", help="write this table, and FILE-cases.csv of what is called wrong"
    )
    json_option(parser)
    return parser


def truth_options(parser: argparse.ArgumentParser) -> None:
    """Add where it stands what is true."""
    parser.add_argument(
        "--truth-column", metavar="NAME", default="",
        help="of captions.csv, findings joined by ; or |; 0/1: a column of 0 and 1 a finding, "
        "see --blank and --uncertain; default: label, else what there is",
    )  # fmt: skip
    parser.add_argument(
        "--truth-table", metavar="FILE", default="",
        help="a CSV file with that column instead, whose rows name files (file, Path, image_id, …)",
    )  # fmt: skip
    parser.add_argument(
        "--blank", choices=("left-out", "absent"), default="left-out",
        help="a blank in columns of 0 and 1, a finding that is not mentioned; default: left-out",
    )  # fmt: skip
    parser.add_argument(
        "--uncertain", choices=("left-out", "present", "absent"), default="left-out",
        help="-1 in columns of 0 and 1: present is U-Ones, absent U-Zeros; default: left-out",
    )  # fmt: skip
