"""`python -m benchmarks NAME [--json]`: run one benchmark of this folder."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

NAMES = sorted(
    file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_")
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = importlib.import_module(f"benchmarks.{options.name}").run()
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        print()
    else:
        for name, value in figures.items():
            print(f"{name:<40} {value:.4g}" if isinstance(value, float) else f"{name:<40} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
