"""Model folders in the exact layouts of published encoders, with random weights.

Plain functions that write a folder and return it; all are seeded, so two calls give equal files.
Nothing in them is trained: they serve to test loading, encoding and everything built on it.
"""

from __future__ import annotations

import json
import math
import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

OPENAI_PREPROCESS = {
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
}
# the extra keys that newer repositories carry
FULL_PREPROCESS = OPENAI_PREPROCESS | {"interpolation": "bicubic", "resize_mode": "shortest"}
WORDS = [
    "a",
    "an",
    "and",
    "chest",
    "ct",
    "effusion",
    "fracture",
    "head",
    "image",
    "in",
    "left",
    "lung",
    "mass",
    "mr",
    "no",
    "normal",
    "of",
    "opacity",
    "pleural",
    "pneumonia",
    "pneumothorax",
    "right",
    "scan",
    "the",
    "this",
    "tumor",
    "x",
    "ray",
]
PUBMEDBERT = "microsoft/BiomedNLP-PubMedBERT-base-uncased-abstract"
BIOMEDBERT = "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract"
SMALL_BERT = {
    "model_type": "bert",
    "architectures": ["BertForMaskedLM"],
    "vocab_size": 30522,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 128,
    "pad_token_id": 0,
}
FULL_BERT = {"model_type": "bert", "vocab_size": 30522, "pad_token_id": 0}
# logarithm of a scale that no constructor starts with
LOGIT_SCALE = math.log(37.5)


def build_biomedclip_folder(
    folder: Path,
    *,
    full_size: bool = False,
    keys: Literal["new", "old"] = "new",
    weights: Literal["bin", "safetensors"] = "bin",
    seed: int = 0,
) -> Path:
    """BiomedCLIP: timm ViT and transformers BERT, WordPiece vocabulary, 256 tokens.

    The full-size one has 195.9 million parameters and, like the repository that it copies, no
    config.json for its text tower.
    """
    folder.mkdir(parents=True, exist_ok=True)
    projection, pooler = (
        ("proj", "pooler_type")
        if keys == "old"
        else (
            "hf_proj_type",
            "hf_pooler_type",
        )
    )
    name = PUBMEDBERT if keys == "old" else BIOMEDBERT
    model_cfg: dict[str, Any] = {
        "embed_dim": 512,
        "vision_cfg": {
            "timm_model_name": "vit_base_patch16_224" if full_size else "test_vit",
            "timm_model_pretrained": False,
            "timm_pool": "",
            "timm_proj": "linear",
            "image_size": 224 if full_size else 160,
        },
        "text_cfg": {
            "hf_model_name": name,
            "hf_tokenizer_name": name,
            projection: "mlp",
            pooler: "cls_last_hidden_state_pooler",
            "context_length": 256,
        },
    }
    _write_config(folder, model_cfg, OPENAI_PREPROCESS)
    _write_bert_tokenizer(folder)
    if not full_size:
        _write_json(folder / "config.json", SMALL_BERT)
    state = _random_state(model_cfg, seed, FULL_BERT if full_size else SMALL_BERT)
    _save(folder, state, weights)
    return folder


def build_clip_vit_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """OpenAI's CLIP with a Vision Transformer: native towers, byte-pair vocabulary, 77 tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    model_cfg: dict[str, Any] = {
        "embed_dim": 48,
        "quick_gelu": True,
        "vision_cfg": {
            "image_size": 64,
            "layers": 3,
            "width": 64,
            "head_width": 16,
            "patch_size": 16,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 2,
        },
    }
    _write_config(folder, model_cfg, FULL_PREPROCESS)
    _save(folder, _random_state(model_cfg, seed), weights)
    return folder


def build_resnet_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """OpenAI's CLIP with a modified ResNet and attention pooling."""
    folder.mkdir(parents=True, exist_ok=True)
    model_cfg: dict[str, Any] = {
        "embed_dim": 48,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 96, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 2,
        },
    }
    _write_config(folder, model_cfg, FULL_PREPROCESS)
    _save(folder, _random_state(model_cfg, seed), weights)
    return folder


def build_siglip_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """SigLIP: timm ViT with a pooling head, text without causal mask, sigmoid bias, squash."""
    folder.mkdir(parents=True, exist_ok=True)
    model_cfg: dict[str, Any] = {
        "embed_dim": 96,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 160,
            "timm_model_name": "test_vit3",
            "timm_model_pretrained": False,
            "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {
            "context_length": 64,
            "vocab_size": 512,
            "hf_tokenizer_name": "timm/ViT-B-16-SigLIP",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "width": 96,
            "heads": 3,
            "layers": 2,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
            "norm_kwargs": {"eps": 1e-6},
        },
    }
    preprocess = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
        "resize_mode": "squash",
    }
    _write_config(folder, model_cfg, preprocess)
    _write_t5_tokenizer(folder)
    _save(folder, _random_state(model_cfg, seed), weights)
    return folder


def build_coca_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """CoCa: attentional pooling of the image, a class token at the end of the text."""
    folder.mkdir(parents=True, exist_ok=True)
    text = {"context_length": 76, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    model_cfg: dict[str, Any] = {
        "embed_dim": 32,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 64,
            "layers": 2,
            "width": 48,
            "head_width": 16,
            "patch_size": 16,
            "attentional_pool": True,
            "attn_pooler_heads": 4,
            "output_tokens": True,
        },
        "text_cfg": text | {"embed_cls": True, "output_tokens": True},
        "multimodal_cfg": text | {"attn_pooler_heads": 4},
    }
    _write_config(folder, model_cfg, FULL_PREPROCESS)
    _save(folder, _random_state(model_cfg, seed), weights)
    return folder


def build_own_vocabulary_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """Native towers with a small vocabulary of their own, padded input, and a list of words.

    This is the layout of the encoder that comes with the program.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _vocabulary()
    model_cfg: dict[str, Any] = {
        "embed_dim": 48,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 56,
            "layers": 2,
            "width": 48,
            "head_width": 16,
            "patch_size": 8,
        },
        "text_cfg": {
            "context_length": 24,
            "vocab_size": len(vocabulary),
            "hf_tokenizer_name": "own",
            "width": 32,
            "heads": 2,
            "layers": 2,
            "pool_type": "eos",
            "eos_id": vocabulary["[SEP]"],
        },
    }
    preprocess = {
        "mean": [0.5] * 3,
        "std": [0.25] * 3,
        "interpolation": "bilinear",
        "resize_mode": "longest",
        "fill_color": 7,
    }
    _write_config(folder, model_cfg, preprocess)
    _write_bert_tokenizer(folder, context_length=24, kind="PreTrainedTokenizerFast")
    (folder / "words.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    _save(folder, _random_state(model_cfg, seed), weights)
    return folder


def _random_state(
    model_cfg: dict[str, Any], seed: int, bert: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the state of the model that open_clip builds from a configuration."""
    import open_clip
    import torch

    cfg = json.loads(json.dumps(model_cfg))
    text_cfg = cfg["text_cfg"]
    text_cfg["hf_proj_type"] = text_cfg.pop("proj", text_cfg.get("hf_proj_type", "mlp"))
    pooler = text_cfg.pop("pooler_type", text_cfg.get("hf_pooler_type", "mean_pooler"))
    text_cfg["hf_pooler_type"] = pooler
    custom_text = cfg.pop("custom_text", False) or bert is not None
    kind = open_clip.CustomTextCLIP if custom_text else open_clip.CLIP
    if "multimodal_cfg" in cfg:
        kind = open_clip.CoCa
    with tempfile.TemporaryDirectory() as place, torch.random.fork_rng():
        torch.manual_seed(seed)
        if bert is not None:
            _write_json(Path(place, "config.json"), bert)
            text_cfg |= {"hf_model_name": place, "hf_model_pretrained": False}
        model = kind(**cfg)
        with torch.no_grad():
            model.logit_scale.fill_(LOGIT_SCALE)
            if model.visual.image_size != (224, 224):
                _spread(model)
    state: dict[str, Any] = model.state_dict()
    if bert is not None:
        positions = torch.arange(512).unsqueeze(0)
        state["text.transformer.embeddings.position_ids"] = positions
    return state


def _spread(model: Any) -> None:
    """Draw matrices so that signals keep their size: fresh ones give all inputs one vector."""
    for name, parameter in model.named_parameters():
        if parameter.ndim >= 2 and "embedding" not in name:
            parameter.normal_(std=1.4 * (parameter.shape[0] / parameter.numel()) ** 0.5)
        elif name.endswith("weight") and not parameter.any():
            parameter.fill_(1.0)


def _save(folder: Path, state: dict[str, Any], weights: str) -> None:
    if weights == "bin":
        import torch

        torch.save(state, folder / "open_clip_pytorch_model.bin")
        return
    from safetensors.torch import save_file

    state.pop("text.transformer.embeddings.position_ids", None)
    tensors = {key: value.contiguous() for key, value in state.items()}
    save_file(tensors, folder / "open_clip_model.safetensors", {"format": "pt"})


def _write_config(folder: Path, model_cfg: dict[str, Any], preprocess_cfg: dict[str, Any]) -> None:
    _write_json(
        folder / "open_clip_config.json",
        {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg},
    )


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")


def _vocabulary() -> dict[str, int]:
    """A toy WordPiece vocabulary; the end mark has the highest number, as native towers ask."""
    letters = string.ascii_lowercase + string.digits
    marks = ["[PAD]", "[UNK]", "[CLS]", "[MASK]"]
    tokens = marks + list(letters) + [f"##{letter}" for letter in letters] + list(".,-'")
    tokens += [word for word in WORDS if len(word) > 1] + ["##itis", "##oma", "[SEP]"]
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def _write_bert_tokenizer(
    folder: Path, *, context_length: int = 256, kind: str = "BertTokenizer"
) -> None:
    """Write the tokenizer files of BiomedCLIP's repository, truncation and padding included."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing

    vocabulary = _vocabulary()
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(mark, vocabulary[mark]) for mark in ("[CLS]", "[SEP]")],
    )
    marks = {
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    }
    tokenizer.add_special_tokens(list(marks.values()))
    tokenizer.enable_truncation(context_length)
    tokenizer.enable_padding(length=context_length)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "do_lower_case": True,
        **marks,
        "tokenize_chinese_chars": True,
        "strip_accents": None,
        "do_basic_tokenize": True,
        "never_split": None,
        "model_max_length": 1000000000000000019884624838656,
        "tokenizer_class": kind,
    }
    _write_json(folder / "tokenizer_config.json", settings)
    _write_json(folder / "special_tokens_map.json", marks)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")


def _write_t5_tokenizer(folder: Path) -> None:
    """Write a toy sentencepiece-like vocabulary in the files of SigLIP's repositories."""
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.processors import TemplateProcessing

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(f"▁{word}", -4.0) for word in WORDS]
    pieces += [(letter, -9.0) for letter in "▁" + string.ascii_lowercase]
    tokenizer = Tokenizer(Unigram(list(dict.fromkeys(pieces)), unk_id=2, byte_fallback=False))
    tokenizer.pre_tokenizer = Metaspace()
    tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    marks = {"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"}
    settings = {
        **marks,
        "extra_ids": 0,
        "model_max_length": 64,
        "tokenizer_class": "T5Tokenizer",
    }
    _write_json(folder / "tokenizer_config.json", settings)
    _write_json(folder / "special_tokens_map.json", marks)


# A model folder of every kind, small.
BUILDERS: dict[str, Callable[[Path], Path]] = {
    "biomedclip": build_biomedclip_folder,
    "biomedclip, old keys": lambda folder: build_biomedclip_folder(
        folder, keys="old", weights="safetensors"
    ),
    "clip-vit": build_clip_vit_folder,
    "clip-resnet": build_resnet_folder,
    "siglip": build_siglip_folder,
    "coca": build_coca_folder,
    "own vocabulary": build_own_vocabulary_folder,
}
