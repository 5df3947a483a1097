"""A model folder in open_clip's layout: read, checked and normalised, without torch.

- `open_clip_config.json`: `model_cfg` and `preprocess_cfg`
- `*.safetensors` or `*.bin`: the weights
- `tokenizer.json` and its like, where the text tower has a tokenizer of its own
- `config.json`: the text tower's configuration, where it comes from transformers
- `words.txt`: optional, the words that the text tower met in training, one a line
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlm_explorer.encoders.preprocess import INTERPOLATIONS, RESIZE_MODES, PreprocessConfig
from vlm_explorer.errors import BadModelFolder, ModelNotFound, WeightsNotFound

CONFIG_NAME = "open_clip_config.json"
# open_clip's own order of preference (open_clip.factory._find_checkpoint_in_dir)
WEIGHTS_NAMES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
WEIGHTS_SUFFIXES = (".safetensors", ".bin", ".pth", ".pt")
VOCABULARY_NAMES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
TOKENIZER_NAMES = (
    *VOCABULARY_NAMES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
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
# Keys that would make transformers run code from the folder.
CODE_KEYS = ("auto_map", "custom_pipelines")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What a model folder says of its model.

    Attributes:
        path: the folder, absolute.
        model_cfg: open_clip's model configuration with today's keys; nothing in it points to
            the hub: `hf_model_name` and `hf_tokenizer_name` are absolute paths of local folders.
        text_config: the transformers configuration of the text tower, None for native towers.
        preprocess: how images are laid onto the input square.
        weights: the file of weights.
    """

    path: Path
    model_cfg: dict[str, Any]
    text_config: dict[str, Any] | None
    preprocess: PreprocessConfig
    weights: Path

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self.model_cfg["embed_dim"])

    @property
    def context_length(self) -> int:
        """Tokens that fit into the text tower's window; open_clip's default is 77."""
        return int(self.model_cfg["text_cfg"].get("context_length", 77))

    @property
    def tokenizer_files(self) -> list[Path]:
        """The tokenizer files that are there."""
        return [path for name in TOKENIZER_NAMES if (path := self.path / name).is_file()]


def read_model_folder(folder: Path) -> ModelFolder:
    """Read and check a folder in open_clip's layout; nothing is written and no network is used.

    Raises:
        ModelNotFound: there is no such folder.
        BadModelFolder: it is not in open_clip's layout.
        WeightsNotFound: it holds no weights.
    """
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        raise ModelNotFound(
            f"There is no folder {path}.", "Give an encoder's id or a folder in open_clip's layout."
        )
    config = _read_json(path / CONFIG_NAME, path)
    model_cfg = _normalised_model_cfg(config, path)
    text_config = _resolve_text_tower(model_cfg["text_cfg"], path)
    if model_cfg["text_cfg"].get("hf_tokenizer_name"):
        model_cfg["text_cfg"]["hf_tokenizer_name"] = str(path)
    preprocess = _read_preprocess(config.get("preprocess_cfg") or {}, model_cfg, path)
    return ModelFolder(path, model_cfg, text_config, preprocess, find_weights(path))


def find_weights(folder: Path) -> Path:
    """Return the file of weights in `folder`, by open_clip's order of preference.

    Raises:
        WeightsNotFound: there is none, or only the placeholder that git leaves for it.
        BadModelFolder: there are several and none has a standard name.
    """
    candidates = sorted(
        path for path in folder.iterdir() if path.suffix in WEIGHTS_SUFFIXES and path.is_file()
    )
    standard = [folder / name for name in WEIGHTS_NAMES if folder / name in candidates]
    if not candidates:
        raise WeightsNotFound(
            f"The model folder {folder} holds no weights.",
            "It needs a file such as open_clip_model.safetensors or open_clip_pytorch_model.bin.",
        )
    if not standard and len(candidates) > 1:
        names = ", ".join(path.name for path in candidates)
        raise BadModelFolder(
            f"The model folder {folder} holds several files of weights: {names}.",
            f"Name the right one {WEIGHTS_NAMES[0]} or {WEIGHTS_NAMES[2]}.",
        )
    weights = (standard or candidates)[0]
    if weights.stat().st_size < 1024 and weights.read_bytes().startswith(
        b"version https://git-lfs"
    ):
        raise WeightsNotFound(
            f"{weights} is a placeholder left by git; the weights themselves were not downloaded.",
            "Run `git lfs pull` in the folder that it came from, or download the file by itself.",
        )
    return weights


def _read_json(file: Path, folder: Path) -> dict[str, Any]:
    if not file.is_file():
        raise BadModelFolder(
            f"The folder {folder} holds no {file.name}.",
            "A model folder has open_clip's layout: open_clip_config.json, weights and tokenizer.",
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BadModelFolder(
            f"{file} cannot be read as JSON: {error}.", "Copy or download the file again."
        ) from error
    if not isinstance(content, dict):
        raise BadModelFolder(f"{file} does not hold a JSON object.", "Download the file again.")
    return content


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
            config = _read_json(place / "config.json", place)
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
