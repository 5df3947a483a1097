"""Images a second that the demo study writes, against writing the same files over again.

The comparison is what the disk and pydicom alone take for the same DICOM files.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

IMAGES = 300


def run() -> dict[str, float | int]:
    import pydicom

    from vlm_explorer.demo.study import write_study

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_study(Path(folder) / "study", images=IMAGES, seed=1)
        made = time.perf_counter() - start
        files = sorted((Path(folder) / "study").rglob("*.dcm"))
        again = Path(folder) / "again"
        again.mkdir()
        start = time.perf_counter()
        for number, file in enumerate(files):
            pydicom.dcmread(file).save_as(again / f"{number}.dcm")
        copied = time.perf_counter() - start
    return {
        "images": len(files),
        "generated images/s (two processes)": IMAGES / made,
        "read and written again images/s (one process)": IMAGES / copied,
        "ratio of times": made / copied,
    }
