from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vlm_explorer.errors import BadModelFolder
from vlm_explorer.installing import conversion
from vlm_explorer.installing.conversion import convert_weights
from vlm_explorer.jobs import Cancelled, JobContext


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    whole = torch.randn(6, 5)
    return {
        "odd": torch.randint(0, 255, (7,), dtype=torch.uint8),
        "whole": whole,
        "shared": whole,
        "turned": whole.t(),
        "half": torch.randn(3).half(),
        "brain": torch.randn(2, 2).bfloat16(),
        "scalar": torch.tensor(4.6),
        "empty": torch.zeros(0, 4),
        "ids": torch.arange(9)[None],
        "mask": torch.tensor([True, False]),
        "double": torch.randn(2, dtype=torch.float64),
    }


def test_that_safetensors_reads_what_was_converted(tensors, tmp_path):
    torch.save(tensors, tmp_path / "weights.bin")
    target = tmp_path / "weights.safetensors"
    digest = convert_weights(tmp_path / "weights.bin", target, JobContext())
    assert digest == hashlib.sha256(target.read_bytes()).hexdigest()
    read = load_file(target)
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor)


@pytest.mark.parametrize("archive", [True, False])
def test_that_both_of_pytorchs_formats_are_read(tensors, tmp_path, archive):
    torch.save(tensors, tmp_path / "weights.bin", _use_new_zipfile_serialization=archive)
    convert_weights(tmp_path / "weights.bin", tmp_path / "weights.safetensors", JobContext())
    assert torch.equal(load_file(tmp_path / "weights.safetensors")["turned"], tensors["turned"])


def test_that_the_file_is_the_size_of_the_one_that_safetensors_writes(tmp_path):
    tensors = {f"block.{number}": torch.randn(50, 40) for number in range(20)}
    torch.save(tensors, tmp_path / "weights.bin")
    convert_weights(tmp_path / "weights.bin", tmp_path / "ours", JobContext())
    save_file(tensors, tmp_path / "theirs", metadata={"format": "pt"})
    assert (tmp_path / "ours").stat().st_size == (tmp_path / "theirs").stat().st_size


def test_that_equal_weights_give_equal_files(tensors, tmp_path):
    for name, state in (("a", tensors), ("b", dict(reversed(tensors.items())))):
        torch.save(state, tmp_path / f"{name}.bin")
        convert_weights(tmp_path / f"{name}.bin", tmp_path / name, JobContext())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_that_types_that_no_weights_have_are_refused(tmp_path):
    torch.save({"wave": torch.zeros(2, dtype=torch.complex64)}, tmp_path / "weights.bin")
    with pytest.raises(BadModelFolder, match="complex64"):
        convert_weights(tmp_path / "weights.bin", tmp_path / "out", JobContext())


def test_that_conversion_reports_and_can_be_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(conversion, "PIECE", 1000)
    torch.save({"weight": torch.from_numpy(np.zeros(4000, np.float32))}, tmp_path / "weights.bin")
    seen = []

    def stop(progress):
        seen.append(progress.done)
        if progress.done > 5000:
            context.cancel()

    context = JobContext(stop, min_interval=0)
    with pytest.raises(Cancelled):
        convert_weights(tmp_path / "weights.bin", tmp_path / "out", context)
    assert seen == [1000, 2000, 3000, 4000, 5000, 6000]
