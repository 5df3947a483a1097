"""Milliseconds to the 20 nearest of 100,000 and of a million float16 rows of 512, exactly.

Asked in turn, one query at a time, so that other work on the machine slows all of them alike:
numpy's product with a float32 copy and a partition, faiss's flat index in float32 and in float16
(where VLM_BENCH_FAISS names an interpreter that has faiss-cpu, or this one has), Lance's flat
search, and ours. `identical` says whether ours are the best of the float32 product over the stored
float16 values, ties within 1e-6 by name. The memory of ours is that of a process that does only
this, less what the process had before it read the rows; on Linux, which tells it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks._synthetic_collection import centres_of, unit_rows

SIZES = tuple(int(size) for size in os.environ.get("VLM_BENCH_ROWS", "100000,1000000").split(","))
DIMENSION, K = 512, 20
QUERIES = int(os.environ.get("VLM_BENCH_QUERIES", "15"))
AT_ONCE = 20_000
TIE = 1e-6

Found = tuple[np.ndarray, np.ndarray]
Ask = Callable[[np.ndarray], tuple[Found, float]]

MEMORY = """
import sys
import numpy as np
import psutil
from vlm_explorer.analysis.half_product import get_ready
from vlm_explorer.analysis.similarity import top_k
get_ready()
before = psutil.Process().memory_info().rss
stored = np.load(sys.argv[1], mmap_mode="r")
rows = np.empty(stored.shape, np.float16)
with open(sys.argv[1], "rb") as file:
    file.seek(stored.offset)
    file.readinto(memoryview(rows.reshape(-1).view(np.uint8)))
query = rows[0].astype(np.float32)
for _ in range(3):
    top_k(rows, query, 20)
status = open("/proc/self/status").read()  # the peak of this program alone, after its start
print((int(status.split("VmHWM:")[1].split()[0]) * 1024 - before) / 1e6)
"""


def run() -> dict[str, float | int | str]:
    figures: dict[str, float | int | str] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            figures |= {f"{size:,}: {name}": value for name, value in _race(size, Path(folder))}
    return figures


def _race(size: int, folder: Path) -> Iterator[tuple[str, float | int | str]]:
    file = folder / "rows.npy"
    rows = _write(file, size)
    with _runners(file, rows, folder) as (runners, absent):
        times: dict[str, list[float]] = {name: [] for name in runners}
        identical = 0
        queries = _queries()
        for ask in runners.values():
            ask(queries[0])  # caches and compilers
            ask(queries[0])
        for query in queries:
            found = {}
            for name, ask in runners.items():
                found[name], taken = ask(query)
                times[name].append(taken * 1000)
            identical += _is_right(rows, query, found["ours"])
    for name, spans in times.items():
        yield f"{name}, median ms", float(np.median(spans))
    for name, spans in times.items():
        if name != "ours":
            ratios = np.array(spans) / np.array(times["ours"])
            yield f"{name} / ours, median of ratios", float(np.median(ratios))
    for name in absent:
        yield name, "absent: set VLM_BENCH_FAISS to a Python that has faiss-cpu"
    yield "identical to the float32 product", f"{identical} of {QUERIES}"
    if sys.platform == "linux":
        yield "memory of ours, MB", _memory(file)


def _write(file: Path, size: int) -> np.ndarray:
    """Write rows as alike as scans are, and return them in memory."""
    chance, centres = np.random.default_rng(5), centres_of(DIMENSION)
    rows = np.empty((size, DIMENSION), np.float16)
    for start in range(0, size, AT_ONCE):
        stop = min(start + AT_ONCE, size)
        rows[start:stop] = unit_rows(chance, centres, stop - start)
    np.save(file, rows)
    return rows


def _queries() -> np.ndarray:
    """Return float32 (QUERIES, D): half like a row, half like nothing."""
    chance, centres = np.random.default_rng(6), centres_of(DIMENSION)
    like = unit_rows(chance, centres, QUERIES).astype(np.float32)
    unlike = chance.standard_normal((QUERIES, DIMENSION), dtype=np.float32)
    unlike /= np.linalg.norm(unlike, axis=1, keepdims=True)
    return np.where(np.arange(QUERIES)[:, None] % 2, like, unlike).astype(np.float32)


def _is_right(rows: np.ndarray, query: np.ndarray, found: Found) -> bool:
    """Whether these are the best of the float32 product, up to ties."""
    product = np.concatenate(
        [rows[at : at + AT_ONCE].astype(np.float32) @ query for at in range(0, len(rows), AT_ONCE)]
    )
    best = np.sort(product)[::-1][:K]
    chosen, cosines = found
    return bool(
        len(set(chosen.tolist())) == K
        and np.abs(product[chosen] - best).max() <= TIE
        and np.abs(cosines - best).max() <= TIE
    )


@contextmanager
def _runners(
    file: Path, rows: np.ndarray, folder: Path
) -> Iterator[tuple[dict[str, Ask], list[str]]]:
    from vlm_explorer.analysis.half_product import get_ready
    from vlm_explorer.analysis.similarity import top_k

    get_ready()
    copy = np.empty(rows.shape, np.float32)
    for start in range(0, len(rows), AT_ONCE):
        copy[start : start + AT_ONCE] = rows[start : start + AT_ONCE]
    runners: dict[str, Ask] = {
        "numpy float32": _timed(lambda query: _by_numpy(copy, query)),
        "Lance flat": _timed(_by_lance(rows, folder)),
        "ours": _timed(lambda query: top_k(rows, query, K)),
    }
    python = os.environ.get("VLM_BENCH_FAISS") or (sys.executable if find_spec("faiss") else "")
    absent = [] if python else ["faiss float32", "faiss float16"]
    children = {
        f"faiss {kind}": _start_faiss(python, file, kind)
        for kind in ("float32", "float16")
        if python
    }
    runners |= {name: _by_faiss(child) for name, child in children.items()}
    try:
        yield runners, absent
    finally:
        for child in children.values():
            child.communicate()


def _timed(search: Callable[[np.ndarray], Found]) -> Ask:
    def ask(query: np.ndarray) -> tuple[Found, float]:
        begun = time.perf_counter()
        found = search(query)
        return found, time.perf_counter() - begun

    return ask


def _by_numpy(copy: np.ndarray, query: np.ndarray) -> Found:
    product = copy @ query
    best = np.argpartition(product, len(product) - K)[len(product) - K :]
    best = best[np.argsort(-product[best], kind="stable")]
    return best, product[best]


def _by_lance(rows: np.ndarray, folder: Path) -> Callable[[np.ndarray], Found]:
    import lance
    import pyarrow as pa

    def parts() -> Iterator[pa.RecordBatch]:
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            vectors = pa.FixedSizeListArray.from_arrays(pa.array(part.reshape(-1)), DIMENSION)
            numbers = pa.array(np.arange(start, start + len(part)))
            yield pa.record_batch([numbers, vectors], names=["row", "vector"])

    schema = pa.schema([("row", pa.int64()), ("vector", pa.list_(pa.float16(), DIMENSION))])
    dataset = lance.write_dataset(parts(), str(folder / "rows.lance"), schema=schema)

    def search(query: np.ndarray) -> Found:
        nearest = {"column": "vector", "q": query.astype(np.float16), "k": K, "metric": "dot"}
        found = dataset.to_table(columns=["row", "_distance"], nearest=nearest)
        return found["row"].to_numpy(), 1 - found["_distance"].to_numpy()

    return search


def _start_faiss(python: str, file: Path, kind: str) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("_faiss_flat.py")
    child = subprocess.Popen(
        [python, str(script), str(file), kind, str(K)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": str(os.cpu_count() or 1)},
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def _by_faiss(child: subprocess.Popen[bytes]) -> Ask:
    def ask(query: np.ndarray) -> tuple[Found, float]:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(np.ascontiguousarray(query, np.float32).tobytes())
        child.stdin.flush()
        rows = np.frombuffer(child.stdout.read(8 * K), np.int64)
        products = np.frombuffer(child.stdout.read(4 * K), np.float32)
        taken = float(np.frombuffer(child.stdout.read(8), np.float64)[0])
        return (rows, products), taken

    return ask


def _memory(file: Path) -> float:
    """Return by how many MB a process grows that holds the rows and searches them."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(file)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)
