"""faiss's flat index in a process of its own, asked over pipes: it brings an OpenMP of its own.

Run by an interpreter that has faiss-cpu: `python _faiss_flat.py ROWS.npy float32|float16`. Queries
come in as float32, one after the other; answers go out as int64 rows, float32 products and the
seconds that the search took.
"""

from __future__ import annotations

import sys
import time

import numpy as np

AT_ONCE = 20_000


def main() -> None:
    import faiss  # type: ignore[import-not-found]  # in an environment of its own

    rows, kind, k = np.load(sys.argv[1], mmap_mode="r"), sys.argv[2], int(sys.argv[3])
    dimension = rows.shape[1]
    index = (
        faiss.IndexFlatIP(dimension)
        if kind == "float32"
        else faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
    )
    for start in range(0, len(rows), AT_ONCE):
        index.add(rows[start : start + AT_ONCE].astype(np.float32))
    out = sys.stdout.buffer
    out.write(b"ready\n")
    out.flush()
    while len(data := sys.stdin.buffer.read(4 * dimension)) == 4 * dimension:
        query = np.frombuffer(data, np.float32)[None]
        begun = time.perf_counter()
        products, found = index.search(query, k)
        taken = time.perf_counter() - begun
        out.write(found[0].astype(np.int64).tobytes() + products[0].astype(np.float32).tobytes())
        out.write(np.float64(taken).tobytes())
        out.flush()


if __name__ == "__main__":
    main()
