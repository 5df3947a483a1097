"""How towers are built and filled: once in memory, and without a trace in other threads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.towers import load_towers
from vlm_explorer.encoders.weights import read_weights
from vlm_explorer.errors import BadModelFolder


def test_that_every_tensor_is_the_files_own_and_in_memory(kind, folders):
    folder = read_model_folder(folders[kind])
    model = load_towers(folder)
    weights = read_weights(folder.weights)
    for name, value in model.state_dict().items():
        source = weights.get(name, weights.get(name.removeprefix("text.")))
        torch.testing.assert_close(value, source.reshape(value.shape), rtol=0, atol=0)
    everything = [*model.parameters(), *model.buffers()]
    assert {tensor.device.type for tensor in everything} == {"cpu"}


def test_that_modules_made_in_other_threads_meanwhile_keep_their_numbers(folders):
    folder = read_model_folder(folders["clip-vit"])
    stop, strange = threading.Event(), []

    def make_modules() -> None:
        while not stop.is_set():
            layer = torch.nn.Linear(3, 3)
            if layer.weight.is_meta:
                strange.append(layer)

    other = threading.Thread(target=make_modules)
    other.start()
    try:
        load_towers(folder)
    finally:
        stop.set()
        other.join()
    assert strange == []
    assert not torch.nn.Linear(3, 3).weight.is_meta


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8,
     torch.bool, torch.complex64],
)  # fmt: skip
def test_that_safetensors_are_read_as_the_library_reads_them(dtype, tmp_path: Path):
    file = tmp_path / "weights.safetensors"
    tensors = {
        "b": (torch.arange(12).reshape(3, 4) % 2).to(dtype),
        "a": torch.tensor(1).to(dtype),
        "empty": torch.zeros(0, 5, dtype=dtype),
    }
    save_file(tensors, file, {"format": "pt"})
    found, expected = read_weights(file), load_file(file)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert value.dtype == expected[name].dtype
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)


def test_that_weights_stay_when_their_file_is_replaced(tmp_path: Path):
    file = tmp_path / "weights.safetensors"
    save_file({"a": torch.ones(1000)}, file)
    weights = read_weights(file)
    file.write_bytes(b"\0" * file.stat().st_size)
    assert weights["a"].sum() == 1000


@pytest.mark.parametrize("kept", [0, 4, 9, 60, -1])
def test_that_safetensors_cut_short_are_said_to_be_damaged(kept, tmp_path: Path):
    file = tmp_path / "weights.safetensors"
    save_file({"a": torch.ones(1000)}, file)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(BadModelFolder, match="damaged"):
        read_weights(file)
