from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.saliency.attention import attention_maps
from vlm_explorer.saliency.explain import (
    METHODS,
    available_methods,
    default_method,
    explain,
)
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.saliency.rollout import rollout

TEXTS = ["pleural effusion", "normal chest"]


class BareEncoder:
    """An encoder that shows nothing of its inside: the mean grey of four quarters."""

    id, fingerprint, device, precision, dimension = "bare", "0" * 64, "cpu", "fp32", 4

    def __init__(self):
        from vlm_explorer.encoders.preprocess import PreprocessConfig

        self.preprocess = PreprocessConfig(size=32, resize_mode="squash")

    def view(self, image):
        from vlm_explorer.encoders.preprocess import model_view

        return model_view(image, self.preprocess)

    def encode_images(self, images, *, batch_size=32, context=None):
        views = np.stack([self.view(image) for image in images]).astype(np.float32)
        quarters = 1 + views.reshape(-1, 2, 16, 2, 16, 3).mean(axis=(2, 4, 5)).reshape(-1, 4)
        return quarters / np.linalg.norm(quarters, axis=1, keepdims=True)

    def encode_texts(self, texts, *, context=None):
        return np.eye(4, dtype=np.float32)[: len(texts)]


def test_that_every_method_answers_in_the_same_form(encoder, photo):
    for method, reason in available_methods(encoder).items():
        if reason:
            continue
        found = explain(encoder, photo, TEXTS, method)
        maps = 1 if method in IMAGE_ONLY else 2
        height, width = found.geometry.grid_hw
        assert isinstance(found, Explanation)
        assert found.method == method
        assert found.grid.shape == (maps, height, width)
        assert found.overlay.shape == (maps, *photo.shape)
        assert found.score.shape == (2,)
        assert {found.grid.dtype, found.overlay.dtype, found.score.dtype} == {np.dtype("float32")}
        assert found.outlier_tokens.shape == (height, width)
        assert found.outlier_tokens.dtype == bool
        assert found.target["prompts"] == TEXTS
        assert found.model_id == encoder.id
        assert found.weights_sha256 == encoder.fingerprint
        assert set(found.versions) == {"torch", "open_clip_torch", "timm", "transformers"}
        assert found.cost["forward"] >= 1
        assert found.cost["seconds"] > 0
        assert np.isfinite(found.grid).all()
        assert found.additive == (method == "decomp") == (found.residual is not None)


def test_that_only_methods_that_are_there_are_listed(encoders):
    assert set(available_methods(encoders["clip"])) == set(METHODS)
    assert set(METHODS) == {
        "attention", "rollout", "legrad", "gradattn", "decomp", "patchsim", "occlusion", "gradcam"
    }  # fmt: skip
    for kind in ("clip", "biomedclip", "siglip", "plip", "medsiglip", "padded", "oblong"):
        assert set(available_methods(encoders[kind]).values()) == {""}, kind
    without = {name for name, reason in available_methods(encoders["resnet"]).items() if reason}
    assert without == {"rollout", "legrad", "gradattn", "decomp"}
    assert "single layer" in available_methods(encoders["resnet"])["rollout"]
    assert available_methods(encoders["resnet"])["attention"] == ""


def test_that_the_default_suits_the_encoder(encoders, photo):
    for kind, prompted in (("clip", "legrad"), ("siglip", "legrad"), ("resnet", "occlusion")):
        assert default_method(encoders[kind], prompted=True) == prompted
        assert default_method(encoders[kind], prompted=False) == "attention"
    found = explain(load_encoder("demo", device="cpu", precision="fp32"), photo, TEXTS)
    assert found.method == "patchsim"
    assert found.params == {"tokens": "last"}


def test_that_other_methods_are_refused_by_naming_those_that_are_there(encoders, photo):
    with pytest.raises(NotSupported, match="heat") as raised:
        explain(encoders["clip"], photo, TEXTS, "heat")
    assert ", ".join(METHODS) in raised.value.hint


@pytest.mark.parametrize("method", ["legrad", "gradattn", "decomp"])
def test_that_a_method_that_does_not_apply_is_refused_with_its_reason(encoders, photo, method):
    with pytest.raises(NotSupported, match="no blocks of attention") as raised:
        explain(encoders["resnet"], photo, TEXTS, method)
    assert "gradcam" in raised.value.hint


@pytest.mark.parametrize("method", [name for name in METHODS if name not in IMAGE_ONLY])
def test_that_the_order_of_prompts_is_that_of_the_maps(encoders, photo, method):
    both = explain(encoders["biomedclip"], photo, TEXTS, method)
    turned = explain(encoders["biomedclip"], photo, TEXTS[::-1], method)
    alone = explain(encoders["biomedclip"], photo, TEXTS[:1], method)
    np.testing.assert_allclose(turned.grid, both.grid[::-1], atol=1e-6)
    np.testing.assert_allclose(alone.grid, both.grid[:1], atol=1e-6)


@pytest.mark.parametrize("method", [name for name in METHODS if name not in IMAGE_ONLY])
@pytest.mark.slow
def test_that_two_explanations_at_once_do_not_disturb_each_other(encoders, photo, method):
    encoder, other = encoders["siglip"], np.ascontiguousarray(photo[::-1])
    expected = [explain(encoder, image, TEXTS, method).grid for image in (photo, other)]
    with ThreadPoolExecutor(4) as threads:
        runs = [
            threads.submit(explain, encoder, image, TEXTS, method) for image in (photo, other) * 3
        ]
        for number, run in enumerate(runs):
            np.testing.assert_allclose(run.result().grid, expected[number % 2], atol=1e-6)


def test_that_an_image_only_method_gives_one_map_whatever_the_prompts_and_says_so(encoders, photo):
    for method in ("attention", "rollout"):
        bare = explain(encoders["clip"], photo, method=method)
        prompted = explain(encoders["clip"], photo, TEXTS, method)
        np.testing.assert_array_equal(bare.grid, prompted.grid)
        assert bare.target["kind"] == prompted.target["kind"] == "none"
        assert not any("whatever the prompt" in warning for warning in bare.warnings)
        assert any("whatever the prompt" in warning for warning in prompted.warnings)
        assert bare.score.shape == (0,)
        expected = encoders["clip"].encode_images([photo]) @ encoders["clip"].encode_texts(TEXTS).T
        np.testing.assert_allclose(prompted.score, expected[0], atol=1e-6)


def test_that_settings_reach_the_method_and_are_told(encoders, photo):
    encoder = encoders["siglip"]
    maps = attention_maps(encoder, photo)
    found = explain(encoder, photo, method="attention", layer=1, head=2, query=(3, 4))
    np.testing.assert_allclose(found.grid[0], maps.row(1, 2, (3, 4))[0], atol=1e-6)
    assert found.params["layer_name"] == "Block 2"
    assert found.params["query"] == (3, 4)
    assert found.params["prefix_mass"] == pytest.approx(1 - found.grid.sum(), abs=1e-5)
    assert explain(encoder, photo).params["query"] == "probe"
    rolled = explain(encoder, photo, method="rollout", fusion="max", start_layer=2)
    np.testing.assert_allclose(
        rolled.grid[0], rollout(maps, fusion="max", start_layer=2)[0], atol=1e-6
    )
    hidden = explain(encoder, photo, TEXTS, "occlusion", window=5, baseline="mean")
    assert hidden.params == {"window": 5, "stride": 5, "baseline": "mean"}


def test_that_a_setting_that_a_method_does_not_have_is_refused(encoders, photo):
    with pytest.raises(UsageError, match="no setting 'window'") as raised:
        explain(encoders["clip"], photo, method="attention", window=2)
    assert "layer" in raised.value.hint


@pytest.mark.parametrize("method", [name for name in METHODS if name not in IMAGE_ONLY])
def test_that_methods_of_a_prompt_ask_for_one(encoders, photo, method):
    with pytest.raises(UsageError, match="prompt"):
        explain(encoders["biomedclip"], photo, method=method)


def test_that_an_encoder_that_shows_nothing_is_explained_by_occlusion(photo):
    encoder = BareEncoder()
    reasons = available_methods(encoder)
    assert reasons["occlusion"] == ""
    assert "inside" in reasons["attention"]
    assert "inside" in reasons["rollout"]
    with pytest.raises(NotSupported, match="inside"):
        explain(encoder, photo)
    quarters = np.full((32, 32), 20, np.uint8)
    quarters[:16, 16:] = 220
    found = explain(encoder, quarters, ["one", "two", "three"], baseline="black")
    assert found.grid.shape == (3, 2, 2)
    assert np.argmax(found.grid[1]) == 1
    assert found.grid[1, 0, 1] > 0.3
    assert found.grid[0, 0, 1] < 0
    down, across = np.unravel_index(found.overlay[1].argmax(), (32, 32))
    assert down < 16 <= across


def test_that_what_was_cut_off_or_padded_is_told(encoders, photo):
    cut = explain(encoders["clip"], photo)
    assert any("does not see 25 % of the image" in warning for warning in cut.warnings)
    assert np.isnan(cut.overlay).mean() == pytest.approx(0.25, abs=0.02)
    padded = explain(encoders["padded"], np.ascontiguousarray(photo[:40]))
    assert any("padding" in warning for warning in padded.warnings)
    assert np.isfinite(padded.overlay).all()
    square = explain(encoders["siglip"], photo)
    assert square.warnings == []


def test_that_pictures_that_are_none_are_refused(encoders):
    with pytest.raises(UsageError, match="uint8"):
        explain(encoders["clip"], np.zeros((5, 5), np.float32))


def test_that_colour_and_size_do_not_matter_to_the_form(encoders):
    picture = np.random.default_rng(0).integers(0, 256, (33, 71, 3), dtype=np.uint8)
    assert explain(encoders["siglip"], picture, TEXTS).overlay.shape == (2, 33, 71)
    assert explain(encoders["biomedclip"], picture).overlay.shape == (1, 33, 71)


def test_that_two_threads_explain_as_one_does(encoders, photo):
    encoder = encoders["clip"]
    other = np.ascontiguousarray(photo[:, ::-1])
    requests = [(photo, (), "attention"), (other, TEXTS, "occlusion"), (other, (), "rollout")]
    alone = [explain(encoder, *request) for request in requests]
    for _ in range(5):
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(lambda request: explain(encoder, *request), requests))
        for found, expected in zip(together, alone, strict=True):
            np.testing.assert_allclose(found.grid, expected.grid, atol=1e-6)


def test_that_patches_that_do_not_divide_the_input_leave_its_end_unseen(encoders):
    import open_clip
    import torch

    torch.manual_seed(0)
    model = open_clip.CLIP(
        embed_dim=48,
        vision_cfg={"image_size": 64, "layers": 1, "width": 32, "head_width": 8, "patch_size": 14},
        text_cfg={"context_length": 77, "width": 32, "heads": 2, "layers": 1},
    ).eval()
    encoder = replace(encoders["clip"], model=model)
    square = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    for method, texts in (("attention", ()), ("occlusion", TEXTS)):
        overlay = explain(encoder, square, texts, method).overlay
        assert np.isfinite(overlay[:, :56, :56]).all()
        assert np.isnan(overlay[:, 56:]).all()
        assert np.isnan(overlay[:, :, 56:]).all()


@pytest.fixture
def mobile(tmp_path, monkeypatch):
    """A convolutional tower, of a size at which its last stage does not divide the input."""
    from model_folders import build_mobileclip2_folder

    from vlm_explorer.encoders.load import load_encoder

    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    folder = build_mobileclip2_folder(tmp_path / "mobileclip2")
    return load_encoder(folder, device="cpu", precision="fp32")


def test_that_a_convolutional_tower_is_explained_by_occlusion_and_its_last_stage(mobile, photo):
    reasons = available_methods(mobile)
    assert {name for name, reason in reasons.items() if not reason} == {"occlusion", "gradcam"}
    assert "FastVit" in reasons["attention"]
    assert reasons["rollout"] == reasons["attention"]
    for method in ("attention", "rollout"):
        with pytest.raises(NotSupported, match="not a plain ViT") as caught:
            explain(mobile, photo, TEXTS, method)
        assert "occlusion, gradcam" in caught.value.hint
    found = explain(mobile, photo, TEXTS, "occlusion", window=4)
    assert found.grid.shape == (2, 8, 8)
    assert np.abs(found.grid).max() > 0
    expected = mobile.encode_texts(TEXTS) @ mobile.encode_images([photo])[0]
    np.testing.assert_allclose(found.score, expected, atol=1e-5)


def test_that_gradcam_of_a_convolutional_tower_is_that_of_its_last_stage(mobile, photo):
    import torch

    from vlm_explorer.encoders.preprocess import to_tensor

    found = explain(mobile, photo, TEXTS, "gradcam")
    visual, seen = mobile.model.visual, []
    handle = visual.trunk.stages[-1].register_forward_hook(lambda _m, _i, out: seen.append(out))
    pixels = to_tensor(mobile.view(photo)[None], mobile.preprocess).requires_grad_()
    vector = torch.nn.functional.normalize(visual(pixels), dim=-1)
    handle.remove()
    (stage,) = seen
    for number, text in enumerate(torch.from_numpy(mobile.encode_texts(TEXTS))):
        (slope,) = torch.autograd.grad((vector @ text).sum(), stage, retain_graph=True)
        expected = (slope.mean(dim=(2, 3), keepdim=True) * stage).sum(dim=1)[0].clamp(min=0)
        np.testing.assert_allclose(found.grid[number], expected.detach(), rtol=1e-4, atol=1e-6)
    assert found.overlay.shape == (2, *photo.shape)
