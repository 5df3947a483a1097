"""The arguments of `vlm-explorer sensitivity`; nothing heavy is imported here."""

from __future__ import annotations

import argparse

from vlm_explorer.commands.arguments import Commands, add_command, json_option, model_option
from vlm_explorer.commands.evaluate_arguments import truth_options


def add_sensitivity(commands: Commands) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    """Add the command `sensitivity`."""
    parser = add_command(commands, "sensitivity", "how much hangs on the wording of a prompt")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
The prompt is asked in other words (template sets, paraphrases, other orders of its words), without
each of its words, and denied. Ranks are Spearman's correlation with the prompt as typed, z is
against unrelated prompts, AUROC is of the images that the collection's labels call so, with 95 %
intervals (1000 bootstrap samples of patients where these are known, else of images; 200 above 5000
labelled images)."""
    parser.add_argument("collection", metavar="COLLECTION")
    parser.add_argument("--label", metavar="X", required=True, help="a label, or any other prompt")
    parser.add_argument(
        "--truth", metavar="NAME", default="", help="the label that X stands for; default: X"
    )
    truth_options(parser)
    model_option(parser)
    json_option(parser)
    return parser
