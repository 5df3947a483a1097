"""A folder of a transformers CLIP or SigLIP: read and checked, without torch or transformers.

- `config.json`: the model's configuration, its `model_type` `clip` or `siglip`
- `preprocessor_config.json`: what transformers' image processor does; since its version 5 it
  may lie in `processor_config.json`, under `image_processor`
- `model.safetensors` or `pytorch_model.bin`: the weights, or parts of them with their index
- tokenizer files: `tokenizer.json`, `vocab.json` and `merges.txt`, or `spiece.model`

PubMedCLIP, PLIP, TinyCLIP and MedSigLIP are published so, SigLIP and SigLIP2 also.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vlm_explorer.encoders.folder_files import read_json
from vlm_explorer.encoders.preprocess import OPENAI_MEAN, OPENAI_STD, PreprocessConfig
from vlm_explorer.errors import BadModelFolder

CONFIG_NAME = "config.json"
PREPROCESSOR_NAME = "preprocessor_config.json"
PROCESSOR_NAME = "processor_config.json"
MODEL_TYPES = ("clip", "siglip")
# Keys that would make transformers run code from the folder.
CODE_KEYS = ("auto_map", "custom_pipelines")
# The type in which weights were saved; they are always computed with in float32 first.
DTYPE_KEYS = ("dtype", "torch_dtype")
# PIL's numbers of the two interpolations that such models use.
RESAMPLING = {2: "bilinear", 3: "bicubic"}
# What transformers' classes take where a file says nothing.
DEFAULTS: dict[str, dict[str, Any]] = {
    "clip": {"dimension": 512, "image_size": 224, "patch_size": 32, "context_length": 77},
    "siglip": {"dimension": 768, "image_size": 224, "patch_size": 16, "context_length": 64},
}
PROCESSOR_DEFAULTS: dict[str, dict[str, Any]] = {
    "clip": {
        "size": {"shortest_edge": 224},
        "crop_size": 224,
        "do_center_crop": True,
        "image_mean": OPENAI_MEAN,
        "image_std": OPENAI_STD,
    },
    "siglip": {
        "size": {"height": 224, "width": 224},
        "do_center_crop": False,
        "image_mean": (0.5, 0.5, 0.5),
        "image_std": (0.5, 0.5, 0.5),
    },
}


def is_transformers_folder(folder: Path) -> bool:
    """Return whether a folder holds a model of transformers, of whatever type."""
    processors = (folder / PREPROCESSOR_NAME, folder / PROCESSOR_NAME)
    return (folder / CONFIG_NAME).is_file() and any(file.is_file() for file in processors)


def read_transformers_config(folder: Path) -> dict[str, Any]:
    """Return the model's configuration in the form of `ModelFolder.model_cfg`.

    Returns:
        `embed_dim`, `vision_cfg` and `text_cfg` with what every encoder needs, as in open_clip's
        configuration, and `transformers`, the content of `config.json` without what names code.

    Raises:
        BadModelFolder: no such file, or no CLIP or SigLIP.
    """
    config = read_json(folder / CONFIG_NAME, folder)
    kind = config.get("model_type")
    if kind not in MODEL_TYPES:
        raise BadModelFolder(
            f"{folder / CONFIG_NAME} describes a model of type {kind!r}, not an encoder of images "
            "and texts that can be loaded.",
            "Of transformers' models, CLIP and SigLIP (model_type clip or siglip) can be.",
        )
    text, vision = (_part(config, name, folder) for name in ("text_config", "vision_config"))
    default = DEFAULTS[kind]
    dimension = config.get("projection_dim", default["dimension"])
    if kind == "siglip":
        dimension = text.get("projection_size") or text.get("hidden_size", default["dimension"])
    return {
        "embed_dim": int(dimension),
        "vision_cfg": {
            "image_size": vision.get("image_size", default["image_size"]),
            "patch_size": vision.get("patch_size", default["patch_size"]),
        },
        "text_cfg": {
            "context_length": text.get("max_position_embeddings", default["context_length"]),
            "hf_tokenizer_name": str(folder),
        },
        "transformers": {
            key: value for key, value in config.items() if key not in (*CODE_KEYS, *DTYPE_KEYS)
        },
    }


def _part(config: dict[str, Any], name: str, folder: Path) -> dict[str, Any]:
    """Return a tower's configuration; the first releases of CLIP called it otherwise."""
    part = config.get(f"{name}_dict")
    part = (config.get(name) or {}) if part is None else part
    if not isinstance(part, dict):
        raise BadModelFolder(
            f"`{name}` in {folder / CONFIG_NAME} is not a JSON object.", "Download it again."
        )
    return part


def read_preprocessor(folder: Path, model_cfg: dict[str, Any]) -> PreprocessConfig:
    """Return what transformers' image processor of a folder does to a rendering.

    Args:
        model_cfg: what `read_transformers_config` returned.

    Raises:
        BadModelFolder: the file is missing, or asks for something that is not done here.
    """
    file, given = _processor(folder)
    kind = model_cfg["transformers"]["model_type"]
    values = PROCESSOR_DEFAULTS[kind] | {k: v for k, v in given.items() if v is not None}
    try:
        size, mode = _size_and_mode(values)
        _check_steps(values)
        if size != _side(model_cfg["vision_cfg"]["image_size"]):
            raise ValueError(f"images of {size} pixels do not fit the tower")
        plain = not values.get("do_normalize", True)
        return PreprocessConfig(
            size=size,
            mean=(0.0, 0.0, 0.0) if plain else _three(values["image_mean"]),
            std=(1.0, 1.0, 1.0) if plain else _three(values["image_std"]),
            interpolation=RESAMPLING[int(values.get("resample", 3))],
            resize_mode=mode,
            crop="floor",
        )
    except (TypeError, ValueError, KeyError) as error:
        raise BadModelFolder(
            f"{file} asks for a preprocessing that cannot be done here: {error}.",
            "Compare the file with the model's first release.",
        ) from error


def _processor(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the settings of the image processor, and the file that they stand in."""
    whole = folder / PROCESSOR_NAME
    if whole.is_file() and not (folder / PREPROCESSOR_NAME).is_file():
        part = read_json(whole, folder).get("image_processor")
        if isinstance(part, dict):
            return whole, part
    return folder / PREPROCESSOR_NAME, read_json(folder / PREPROCESSOR_NAME, folder)


def _size_and_mode(values: dict[str, Any]) -> tuple[int, str]:
    """Return the side of the input square and the resize mode."""
    size = values["size"]
    edge = size.get("shortest_edge") if isinstance(size, dict) else int(size)
    side = _side([size["height"], size["width"]]) if edge is None else int(edge)
    if values.get("do_center_crop"):
        crop = values.get("crop_size", side)
        if isinstance(crop, dict):
            crop = [crop["height"], crop["width"]]
        if _side(crop) != side:
            raise ValueError(f"images are resized to {side} pixels, then cut to {crop}")
    elif edge is not None:
        raise ValueError("images are not cut to a square")
    return side, "squash" if edge is None else "shortest"


def _check_steps(values: dict[str, Any]) -> None:
    factor = float(values.get("rescale_factor", 1 / 255))
    if abs(factor * 255 - 1) > 1e-6 or not values.get("do_rescale", True):
        raise ValueError("grey values are not divided by 255")
    if not values.get("do_resize", True):
        raise ValueError("images are not resized")
    if int(values.get("resample", 3)) not in RESAMPLING:
        raise ValueError("interpolation is neither bicubic nor bilinear")


def _side(size: Any) -> int:
    sides = {int(side) for side in (size if isinstance(size, (list, tuple)) else [size])}
    if len(sides) != 1 or min(sides) < 1:
        raise ValueError(f"the image size {size} is not a square")
    return sides.pop()


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(number) for number in values)
    return red, green, blue
