from __future__ import annotations

import pytest
import torch

from vlm_explorer.encoders.device import choose_device
from vlm_explorer.errors import NotSupported, UsageError


def cuda(monkeypatch, *, build: str | None, available: bool, count: int = 0) -> None:
    monkeypatch.setattr(torch.version, "cuda", build)
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def test_that_auto_takes_the_best_that_works(monkeypatch):
    cuda(monkeypatch, build="13.0", available=True, count=1)
    assert choose_device("auto") == "cuda:0"
    cuda(monkeypatch, build=None, available=False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == "mps"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == "cpu"


def test_that_a_named_device_is_taken(monkeypatch):
    cuda(monkeypatch, build="13.0", available=True, count=2)
    assert choose_device("cuda") == "cuda:0"
    assert choose_device("cuda:1") == "cuda:1"
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("build", "available", "requested", "words"),
    [
        (None, False, "cuda", "build without GPU support"),
        ("13.0", False, "cuda:0", "finds no GPU"),
        ("13.0", True, "cuda:2", "no GPU number 2"),
    ],
)
def test_that_a_gpu_that_torch_cannot_use_is_said(monkeypatch, build, available, requested, words):
    cuda(monkeypatch, build=build, available=available, count=2)
    with pytest.raises(NotSupported, match=words) as caught:
        choose_device(requested)
    assert "device" in caught.value.hint


def test_that_apples_gpu_is_only_on_apples_machines(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(NotSupported, match="Apple"):
        choose_device("mps")


@pytest.mark.parametrize("requested", ["gpu", "cuda:", "cuda:-1", "", "CPU"])
def test_that_other_names_are_wrong_usage(requested):
    with pytest.raises(UsageError, match="no device called"):
        choose_device(requested)
