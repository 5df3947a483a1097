import logging
from dataclasses import replace

import numpy as np
import pytest

KINDS = ("clip", "biomedclip", "siglip", "resnet", "padded", "oblong", "plip", "medsiglip")


class Encoders(dict):
    """Encoders by kind, each built when it is first asked for."""

    def __init__(self, tmp_path_factory):
        super().__init__()
        self._folders = tmp_path_factory

    def __missing__(self, kind):
        import model_folders

        from vlm_explorer.encoders.load import load_encoder

        if kind == "oblong":
            self[kind] = replace(self["clip"], model=oblong_model())
            return self[kind]
        build = {
            "clip": model_folders.build_clip_vit_folder,
            "biomedclip": model_folders.build_biomedclip_folder,
            "siglip": model_folders.build_siglip_folder,
            "resnet": model_folders.build_resnet_folder,
            "padded": model_folders.build_own_vocabulary_folder,
            "plip": model_folders.build_pubmedclip_folder,
            "medsiglip": model_folders.build_medsiglip_folder,
        }[kind]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VLM_EXPLORER_HOME", str(self._folders.mktemp("home")))
            logging.disable(logging.WARNING)  # what libraries say of small models is no test's
            try:
                folder = build(self._folders.mktemp("models") / kind)
                self[kind] = load_encoder(folder, device="cpu", precision="fp32")
            finally:
                logging.disable(logging.NOTSET)
        return self[kind]


@pytest.fixture(scope="session")
def encoders(tmp_path_factory):
    """Small encoders of every kind of image tower, random weights, float32 on the CPU."""
    return Encoders(tmp_path_factory)


def oblong_model():
    """Return a native CLIP whose patches are 12 x 8 pixels: 64 pixels are 5 rows and 8 columns."""
    import open_clip
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = open_clip.CLIP(
            embed_dim=48,
            vision_cfg={
                "image_size": 64,
                "layers": 2,
                "width": 32,
                "head_width": 8,
                "patch_size": (12, 8),
            },
            text_cfg={"context_length": 77, "width": 32, "heads": 2, "layers": 1},
        )
        for parameter in model.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    return model.eval().requires_grad_(False)


OFTEN = ("clip", "biomedclip", "siglip", "resnet")


@pytest.fixture(
    params=[kind if kind in OFTEN else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def encoder(request, encoders):
    """Each of the encoders in turn."""
    return encoders[request.param]


@pytest.fixture(scope="session")
def photo():
    """A smooth grey picture of 90 x 120 pixels with a bright disc, uint8."""
    down, across = np.mgrid[:90, :120]
    disc = np.hypot(down - 30, across - 80) < 14
    shade = 60 + 0.6 * across + 0.4 * down + 90 * disc
    return shade.astype(np.uint8)
