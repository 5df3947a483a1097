"""The measurement at load, on small towers and on devices that are made up."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import vlm_explorer.encoders.image_batch as image_batch
import vlm_explorer.encoders.interleaved_timing as interleaved_timing
import vlm_explorer.encoders.measuring as measuring
from vlm_explorer.encoders.image_batch import image_features
from vlm_explorer.encoders.kept_speeds import forget_speeds
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.measuring import Subject, candidates, in_precision, speeds
from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.precision import Speed
from vlm_explorer.encoders.probe_images import probe_images
from vlm_explorer.encoders.towers import load_towers
from vlm_explorer.jobs import Cancelled, JobContext


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path))
    monkeypatch.setattr(measuring, "fast_enough", lambda rate: False)
    monkeypatch.setattr(measuring, "candidates", lambda device: ("bf16",))
    return tmp_path


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch):
    """Times that agree, whatever else this machine does."""
    monkeypatch.setattr(interleaved_timing, "STEADY", np.inf)
    monkeypatch.setattr(interleaved_timing, "OWN", 0.0)


@pytest.fixture
def subject(folders):
    folder = read_model_folder(folders["clip-vit"])
    return Subject(load_towers(folder), folder.preprocess, "cpu", "f" * 64)


def state(subject: Subject) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in subject.model.state_dict().items()}


def test_that_probe_images_are_the_same_everywhere_and_span_all_greys():
    views = probe_images(64, 8)
    assert (views.shape, views.dtype) == ((8, 64, 64, 3), np.uint8)
    np.testing.assert_array_equal(views, probe_images(64, 8))
    np.testing.assert_array_equal(views[:3], probe_images(64, 3))
    means = views.mean(axis=(1, 2, 3))
    assert (means.min(), means.max()) == (0, 255)
    textured = views.std(axis=(1, 2, 3)) > 10
    assert textured.sum() == 6  # all but black and white
    assert (views[1, ..., 0] != views[1, ..., 2]).any()


def test_that_speed_and_cosine_are_measured_and_the_tower_left_as_it_was(subject):
    before = state(subject)
    found = speeds(subject, "auto")
    assert list(found) == ["fp32", "bf16"]
    assert all(speed.images_per_second > 0 for speed in found.values())
    assert found["fp32"].cosine == 1
    after = subject.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert {each.dtype for each in subject.model.visual.parameters()} == {torch.float32}


def test_that_the_cosine_is_the_lowest_of_the_probe_images(subject, monkeypatch):
    monkeypatch.setattr(measuring, "SLOWER", 1e9)
    found = speeds(subject, "auto")["bf16"].cosine
    views = probe_images(subject.preprocess.size, 8)
    exact = subject.run("fp32")(views)
    with in_precision(subject.model.visual, "bf16"):
        half = subject.run("bf16")(views)
    assert found == pytest.approx((exact * half).sum(axis=1).min(), abs=1e-6)
    assert 0.9 < found < 1


def test_that_the_answer_is_kept_for_the_next_start(subject, home, monkeypatch):
    first = speeds(subject, "auto")
    monkeypatch.setattr(measuring, "_measure", lambda *_, **__: pytest.fail("measured again"))
    assert speeds(subject, "auto") == first
    (entry,) = (home / "cache" / "speeds").rglob("*.json")
    assert set(json.loads(entry.read_text())["speeds"]) == {"fp32", "bf16"}


@pytest.mark.parametrize(
    "change", ["weights", "threads", "torch", "device", "damage", "request", "libraries"]
)
def test_that_it_is_made_again_when_what_it_depends_on_changes(subject, home, monkeypatch, change):
    speeds(subject, "auto")
    made = []
    monkeypatch.setattr(measuring, "_measure", lambda *_, **__: made.append(1) or {})
    fingerprint, requested = subject.fingerprint, "auto"
    if change == "weights":
        fingerprint = "e" * 64
    elif change == "threads":
        monkeypatch.setattr(torch, "get_num_threads", lambda: 61)
    elif change == "torch":
        monkeypatch.setattr(torch, "__version__", "9.9")
    elif change == "device":
        monkeypatch.setattr(measuring, "_device_name", lambda device: "another")
    elif change == "damage":
        entry = next((home / "cache" / "speeds").rglob("*.json"))
        entry.write_text('{"speeds": {"fp32": {"speed": 1}}, "tries": 1}')
    elif change == "libraries":
        monkeypatch.setattr(measuring.importlib.metadata, "version", lambda name: "9.9")
    else:
        requested = "fp16"
    speeds(Subject(subject.model, subject.preprocess, "cpu", fingerprint), requested)
    assert made


def test_that_a_disturbed_measurement_is_made_again_a_few_times_and_the_best_counts(
    subject, monkeypatch
):
    monkeypatch.setattr(interleaved_timing, "STEADY", -1.0)  # no two times agree
    rates = iter([3.0, 5.0, 4.0])
    monkeypatch.setattr(
        measuring._Contest,
        "timed",
        lambda contest, found: {"fp32": Speed(next(rates), 1.0, 8, steady=False)},
    )
    seen = [speeds(subject, "auto")["fp32"].images_per_second for _ in range(5)]
    assert seen == [3.0, 5.0, 5.0, 5.0, 5.0]
    assert next(rates, None) is None


def test_that_a_steady_measurement_ends_the_disturbed_ones(subject, monkeypatch):
    answers = iter([Speed(3.0, 1.0, 8, steady=False), Speed(2.0, 1.0, 8)])
    monkeypatch.setattr(measuring._Contest, "timed", lambda contest, found: {"fp32": next(answers)})
    assert [speeds(subject, "auto")["fp32"].steady for _ in range(4)] == [False, True, True, True]


def test_that_what_was_measured_is_forgotten_on_request(subject, home, monkeypatch):
    speeds(subject, "auto")
    forget_speeds("e" * 64)  # another encoder's
    made = []
    monkeypatch.setattr(measuring, "_measure", lambda *_, **__: made.append(1) or {})
    speeds(subject, "auto")
    assert made == []
    forget_speeds(subject.fingerprint)
    speeds(subject, "auto")
    assert made == [1]


def test_that_the_precisions_take_turns(subject, monkeypatch):
    turns = []
    real = measuring._Contest.turn
    monkeypatch.setattr(
        measuring._Contest, "turn", lambda self, name: turns.append(name) or real(self, name)
    )
    monkeypatch.setattr(measuring, "SLOWER", 1e9)
    speeds(subject, "auto")
    assert turns[:6] == ["fp32", "bf16"] * 3


def test_that_a_precision_tried_before_is_not_measured_again_when_named(subject, monkeypatch):
    monkeypatch.setattr(measuring, "SLOWER", 1e9)
    first = speeds(subject, "auto")
    monkeypatch.setattr(measuring, "_measure", lambda *_, **__: pytest.fail("measured again"))
    assert speeds(subject, "bf16") == first


def test_that_a_fast_tower_and_a_named_float32_need_no_half_precision(subject, home, monkeypatch):
    assert speeds(subject, "fp32") == {}
    assert not (home / "cache").exists()
    monkeypatch.setattr(measuring, "fast_enough", lambda rate: True)
    assert list(speeds(subject, "auto")) == ["fp32"]
    assert list(speeds(subject, "bf16")) == ["fp32", "bf16"]


def test_that_a_precision_that_is_slow_at_the_first_image_is_given_up(subject, monkeypatch):
    monkeypatch.setattr(measuring, "SLOWER", 0.0)
    assert speeds(subject, "auto")["bf16"].cosine is None
    assert speeds(subject, "bf16")["bf16"].cosine > 0.9


def test_that_a_precision_without_kernels_is_left_out(subject, monkeypatch):
    real = subject.model.encode_image

    def only_float32(tensor):
        if tensor.dtype != torch.float32:
            raise NotImplementedError("not implemented for 'BFloat16'")
        return real(tensor)

    monkeypatch.setattr(subject.model, "encode_image", only_float32)
    assert list(speeds(subject, "auto")) == ["fp32"]


def test_that_numbers_that_are_not_finite_count_as_another_direction(subject, monkeypatch):
    monkeypatch.setattr(measuring, "SLOWER", 1e9)
    real = subject.model.encode_image

    def overflowing(tensor):
        found = real(tensor)
        return found if tensor.dtype == torch.float32 else found * torch.inf

    monkeypatch.setattr(subject.model, "encode_image", overflowing)
    assert speeds(subject, "auto")["bf16"].cosine == 0


def test_that_cancelling_stops_and_leaves_float32(subject, home):
    context = JobContext(lambda progress: context.cancel())
    with pytest.raises(Cancelled):
        speeds(subject, "auto", context=context)
    assert not (home / "cache").exists()
    assert {each.dtype for each in subject.model.visual.parameters()} == {torch.float32}


def test_that_an_encoder_tells_what_was_measured(folders, monkeypatch):
    monkeypatch.setattr("vlm_explorer.encoders.precision.CLEARLY_FASTER", 0.0)
    monkeypatch.setattr(measuring, "SLOWER", 1e9)
    encoder = load_encoder(folders["clip-vit"], device="cpu")
    assert set(encoder.choice.images_per_second) == {"fp32", "bf16"}
    assert (encoder.precision == "bf16") == (encoder.choice.cosine < 1)
    assert encoder.precision in encoder.choice.why
    named = load_encoder(folders["clip-vit"], device="cpu", precision="fp32", batch_size=3)
    assert (named.choice.batch_size, named.choice.cosine) == (3, 1.0)


class Gpu:
    """A GPU made of this CPU: it takes `room` images at a time, and notes every copy."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sizes: list[int] = []

    def run(self, views):
        if len(views) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.sizes.append(len(views))
        return np.zeros((len(views), 4), np.float32)


def test_that_a_gpu_is_given_the_batch_that_it_likes(monkeypatch):
    def speed(gpu, seconds):
        clock = iter(seconds)
        monkeypatch.setattr(
            measuring, "_seconds", lambda run, views: run(views) is None or next(clock)
        )
        return measuring._speed(gpu.run, probe_images(16, 8), "cuda:0", 0.9999)

    growing = speed(Gpu(999), [2, 1, 1.5, 1.2, 2, 2, 9, 9])
    assert (growing.batch_size, growing.images_per_second, growing.cosine) == (128, 64, 0.9999)
    full = speed(Gpu(64), [1, 1, 1, 1])
    assert (full.batch_size, full.images_per_second) == (64, 64)
    with pytest.raises(torch.OutOfMemoryError):
        speed(Gpu(16), [])


def test_that_gpus_are_tried_in_both_half_precisions(monkeypatch):
    monkeypatch.undo()
    assert candidates("cuda:0") == candidates("mps") == ("fp16", "bf16")
    assert set(candidates("cpu")) <= {"bf16"}


def test_that_pictures_go_to_a_cuda_device_pinned_and_without_waiting(subject, monkeypatch):
    copies = []
    views = probe_images(subject.preprocess.size, 2)
    expected = image_features(subject.model, views, subject.preprocess, "cpu", "fp32")
    real = torch.Tensor.to

    def to(tensor, *args, **settings):
        if args and args[0] == "cuda:0":
            copies.append((tensor.dtype, settings.pop("non_blocking", False)))
            args = ("cpu", *args[1:])
        return real(tensor, *args, **settings)

    pinned = []
    monkeypatch.setattr(torch.Tensor, "to", to)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned.append(1) or tensor)
    real_tensor = torch.tensor
    monkeypatch.setattr(torch, "tensor", lambda data, dtype, device: real_tensor(data, dtype=dtype))
    found = image_batch.image_features(subject.model, views, subject.preprocess, "cuda:0", "fp32")
    assert copies == [(torch.uint8, True)]
    assert pinned == [1]
    assert torch.equal(found, expected)
