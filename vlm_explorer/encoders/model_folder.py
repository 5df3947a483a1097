"""A model folder: read, checked and normalised, without torch.

In open_clip's layout it holds

- `open_clip_config.json`: `model_cfg` and `preprocess_cfg`
- `*.safetensors` or `*.bin`: the weights, in one file or in parts with their index
- `tokenizer.json` and its like, where the text tower has a tokenizer of its own
- `config.json`: the text tower's configuration, where it comes from transformers
- `words.txt`: optional, the words that the text tower met in training, one a line

The other layout, of transformers' own classes, is read in `transformers_folder`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlm_explorer.encoders.folder_files import (
    LAYOUTS,
    TOKENIZER_NAMES,
    TRANSFORMERS_WEIGHTS_NAMES,
    find_weights,
    read_json,
)
from vlm_explorer.encoders.preprocess import INTERPOLATIONS, RESIZE_MODES, PreprocessConfig
from vlm_explorer.encoders.spec import Loader, ScaleKind
from vlm_explorer.encoders.transformers_folder import (
    CODE_KEYS,
    is_transformers_folder,
    read_preprocessor,
    read_transformers_config,
)
from vlm_explorer.errors import BadModelFolder, ModelNotFound

CONFIG_NAME = "open_clip_config.json"
# BiomedCLIP's repository has no config.json for its text tower; these are the values of
# microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract (formerly PubMedBERT).
BIOMEDBERT_BASE: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
# Keys of BiomedCLIP's first release, and what open_clip calls them since.
RENAMED_TEXT_KEYS = {"proj": "hf_proj_type", "pooler_type": "hf_pooler_type"}


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What a model folder says of its model.

    Attributes:
        path: the folder, absolute.
        model_cfg: open_clip's model configuration with today's keys; nothing in it points to
            the hub: `hf_model_name` and `hf_tokenizer_name` are absolute paths of local folders.
            For transformers' classes, what `read_transformers_config` returns.
        text_config: the transformers configuration of the text tower, None for native towers.
        preprocess: how images are laid onto the input square.
        weights: the file of weights, or the index of its parts (`weight_parts`).
        loader: whose classes the towers are built from.
    """

    path: Path
    model_cfg: dict[str, Any]
    text_config: dict[str, Any] | None
    preprocess: PreprocessConfig
    weights: Path
    loader: Loader = "open_clip"

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self.model_cfg["embed_dim"])

    @property
    def context_length(self) -> int:
        """Tokens that fit into the text tower's window; open_clip's default is 77."""
        return int(self.model_cfg["text_cfg"].get("context_length", 77))

    @property
    def scale_kind(self) -> ScaleKind:
        """How its scores are to be read: a model with a bias was trained for the sigmoid."""
        config = self.model_cfg.get("transformers", self.model_cfg)
        biased = config.get("init_logit_bias") is not None or config.get("model_type") == "siglip"
        return "sigmoid" if biased else "softmax"

    @property
    def tokenizer_files(self) -> list[Path]:
        """The tokenizer files that are there."""
        return [path for name in TOKENIZER_NAMES if (path := self.path / name).is_file()]


def is_model_folder(folder: Path) -> bool:
    """Return whether a folder looks like a model folder; what is in its files is not read."""
    return (folder / CONFIG_NAME).is_file() or is_transformers_folder(folder)


def read_model_folder(folder: Path) -> ModelFolder:
    """Read and check a model folder; nothing is written and no network is used.

    A folder in both layouts is read in open_clip's.

    Raises:
        ModelNotFound: there is no such folder.
        BadModelFolder: it is in neither layout.
        WeightsNotFound: it holds no weights, or not all parts of them.
    """
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        raise ModelNotFound(f"There is no folder {path}.", LAYOUTS)
    if not (path / CONFIG_NAME).is_file() and is_transformers_folder(path):
        model_cfg = read_transformers_config(path)
        preprocess = read_preprocessor(path, model_cfg)
        weights = find_weights(path, TRANSFORMERS_WEIGHTS_NAMES)
        return ModelFolder(path, model_cfg, None, preprocess, weights, "transformers")
    config = read_json(path / CONFIG_NAME, path)
    model_cfg = _normalised_model_cfg(config, path)
    text_config = _resolve_text_tower(model_cfg["text_cfg"], path)
    if model_cfg["text_cfg"].get("hf_tokenizer_name"):
        model_cfg["text_cfg"]["hf_tokenizer_name"] = str(path)
    preprocess = _read_preprocess(config.get("preprocess_cfg") or {}, model_cfg, path)
    return ModelFolder(path, model_cfg, text_config, preprocess, find_weights(path))


def _normalised_model_cfg(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    model_cfg = copy.deepcopy(config.get("model_cfg"))
    if not isinstance(model_cfg, dict):
        raise BadModelFolder(
            f"{folder / CONFIG_NAME} has no part `model_cfg`.",
            "It is not the configuration of an open_clip model.",
        )
    dimension = model_cfg.get("embed_dim")
    towers = [model_cfg.get("vision_cfg"), model_cfg.get("text_cfg")]
    if not isinstance(dimension, int) or not all(isinstance(tower, dict) for tower in towers):
        raise BadModelFolder(
            f"`model_cfg` in {folder / CONFIG_NAME} lacks embed_dim, vision_cfg or text_cfg.",
            "It is not the configuration of an open_clip model with an image and a text tower.",
        )
    text_cfg, vision_cfg = model_cfg["text_cfg"], model_cfg["vision_cfg"]
    for old, new in RENAMED_TEXT_KEYS.items():
        if old in text_cfg:
            text_cfg.setdefault(new, text_cfg.pop(old))
    timm_name = vision_cfg.get("timm_model_name") or ""
    if not isinstance(timm_name, str) or ":" in timm_name or "/" in timm_name:
        raise BadModelFolder(
            f"The image tower {timm_name!r} of {folder} would have to be fetched from elsewhere.",
            "Only towers that timm itself defines can be loaded.",
        )
    if timm_name:
        vision_cfg["timm_model_pretrained"] = False
    return model_cfg


def _resolve_text_tower(text_cfg: dict[str, Any], folder: Path) -> dict[str, Any] | None:
    """Point `hf_model_name` to a local folder; return the text tower's configuration."""
    name = text_cfg.get("hf_model_name")
    if not name:
        return None
    text_cfg["hf_model_pretrained"] = False
    for place in (folder, folder / str(name)):
        if (place / "config.json").is_file():
            text_cfg["hf_model_name"] = str(place)
            config = read_json(place / "config.json", place)
            return {key: value for key, value in config.items() if key not in CODE_KEYS}
    text_cfg["hf_model_name"] = str(folder)
    if any(family in str(name).lower() for family in ("biomedbert-base", "pubmedbert-base")):
        return dict(BIOMEDBERT_BASE)
    raise BadModelFolder(
        f"The folder {folder} holds no config.json for its text tower ({name}).",
        f"Copy the file config.json of {name} into it.",
    )


def _read_preprocess(
    given: dict[str, Any], model_cfg: dict[str, Any], folder: Path
) -> PreprocessConfig:
    """Resolve as open_clip does: its defaults, the folder's values, the tower's own image size."""
    default = PreprocessConfig()
    values = {key: value for key, value in given.items() if value is not None}
    try:
        config = PreprocessConfig(
            size=_square(model_cfg["vision_cfg"].get("image_size") or 224),
            mean=_three(values.get("mean", default.mean)),
            std=_three(values.get("std", default.std)),
            interpolation=str(values.get("interpolation", default.interpolation)),
            resize_mode=str(values.get("resize_mode", default.resize_mode)),
            fill_color=int(values.get("fill_color", default.fill_color)),
        )
    except (TypeError, ValueError) as error:
        raise BadModelFolder(
            f"`preprocess_cfg` or `image_size` in {folder / CONFIG_NAME} is not usable: {error}.",
            "Compare it with the file of the model's first release.",
        ) from error
    if config.resize_mode not in RESIZE_MODES or config.interpolation not in INTERPOLATIONS:
        raise BadModelFolder(
            f"{folder / CONFIG_NAME} asks for resize mode {config.resize_mode!r} with "
            f"{config.interpolation!r} interpolation, which open_clip does not know.",
            f"Resize modes are {', '.join(RESIZE_MODES)}; interpolation is bicubic or bilinear.",
        )
    return config


def _square(size: Any) -> int:
    sides = {int(side) for side in (size if isinstance(size, (list, tuple)) else [size])}
    if len(sides) != 1 or min(sides) < 1:
        raise ValueError(f"the image size {size} is not a square")
    return sides.pop()


def _three(values: Any) -> tuple[float, float, float]:
    numbers = list(values) if isinstance(values, (list, tuple)) else [values] * 3
    red, green, blue = (float(number) for number in numbers)
    return red, green, blue
