"""Indexes in a process of its own, with many small commits, to be killed: FOLDER COLLECTION MODEL.

Says "begun" once the encoder is loaded.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(folder: str, collection: str, model: str) -> None:
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.pipeline import storing
    from vlm_explorer.pipeline.indexing import index
    from vlm_explorer.pipeline.run_settings import recorded_settings

    storing.COMMIT_SECONDS, storing.COMMIT_ROWS = 0.05, 8
    storing._TIDY = 6
    place = Path(collection)
    # not by measuring, whose outcome depends on what else the machine does
    settings = recorded_settings(place, model)
    encoder = load_encoder(model, device="cpu", precision="fp32")
    print("begun", flush=True)
    index([Path(folder)], to=place, encoder=encoder, batch_size=settings.batch_size, workers=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
