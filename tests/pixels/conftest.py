"""DICOM files made to measure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MakeDicom = Callable[..., Path]


@pytest.fixture
def make_dicom(tmp_path: Path) -> MakeDicom:
    """Write a Secondary Capture image: `make_dicom(stored, Keyword=value, ...)`.

    `stored` is (rows, columns[, 3]) or (frames, rows, columns) of integers; None removes an
    element.
    """

    def make(stored: np.ndarray[Any, Any], name: str = "made.dcm", **elements: Any) -> Path:
        dataset = FileDataset(None, Dataset(), preamble=bytes(128), file_meta=FileMetaDataset())
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        dataset.SOPInstanceUID = generate_uid()
        dataset.Modality = "OT"
        colour = stored.shape[-1] == 3
        shape = stored.shape[:-1] if colour else stored.shape
        dataset.Rows, dataset.Columns = shape[-2:]
        if len(shape) == 3:
            dataset.NumberOfFrames = shape[0]
        dataset.SamplesPerPixel = 3 if colour else 1
        dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
        if colour:
            dataset.PlanarConfiguration = 0
        bits = stored.dtype.itemsize * 8
        dataset.BitsAllocated = dataset.BitsStored = bits
        dataset.HighBit = bits - 1
        dataset.PixelRepresentation = int(stored.dtype.kind == "i")
        data = stored.tobytes()
        dataset.PixelData = data + bytes(len(data) % 2)
        for keyword, value in elements.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        path = tmp_path / name
        dataset.save_as(path, enforce_file_format=True)
        return path

    return make


@pytest.fixture
def make_lut() -> Callable[[list[int], int, int], Dataset]:
    """Make an item of a modality or VOI LUT sequence: `make_lut(entries, first, bits)`."""

    def make(entries: list[int], first: int, bits: int) -> Dataset:
        item = Dataset()
        item.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(entries), first, bits])
        item.add_new("LUTData", "OW", np.array(entries, dtype="<u2").tobytes())
        return item

    return make


@pytest.fixture(scope="session")
def wheel() -> Callable[[str], Path]:
    """Find a test file of pydicom that comes with its wheel (it would fetch others)."""
    folder = Path(str(get_testdata_file("CT_small.dcm"))).parent

    def find(name: str) -> Path:
        path = folder / name
        assert path.is_file()
        return path

    return find
