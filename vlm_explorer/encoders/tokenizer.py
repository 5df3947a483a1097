"""Texts to token numbers, equal to open_clip's and transformers' own tokenizers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vlm_explorer.encoders.folder_files import VOCABULARY_NAMES
from vlm_explorer.encoders.model_folder import ModelFolder
from vlm_explorer.encoders.quiet import quiet_transformers
from vlm_explorer.errors import BadModelFolder

if TYPE_CHECKING:
    import torch

# Classes of which tokenizer.json says all, or all but a few settings that can be compared.
GENERIC_CLASSES = ("PreTrainedTokenizerFast", "TokenizersBackend")
BERT_CLASSES = ("BertTokenizer", "BertTokenizerFast")


class TextTokenizer(Protocol):
    """Callable as open_clip's tokenizers are, and open to questions about single words.

    Attributes:
        context_length: tokens in a row.
        marks: how many of them are start and end marks.
        unknown_id: the token that stands for what cannot be spelled, None where all can be.
    """

    context_length: int
    marks: int
    unknown_id: int | None

    def __call__(self, texts: str | Sequence[str]) -> torch.Tensor:
        """Return int64 (N, context_length), cut at the end or padded."""
        ...

    def tokens(self, text: str) -> list[int]:
        """Return all tokens of a text, uncut, without start and end marks."""
        ...


class BytePairTokenizer:
    """CLIP's own lower-casing byte-pair tokenizer, whose vocabulary comes with open_clip."""

    def __init__(self, context_length: int, **kwargs: Any) -> None:
        from open_clip.tokenizer import SimpleTokenizer

        self.context_length = context_length
        self.marks = 2
        self.unknown_id: int | None = None
        self._simple = SimpleTokenizer(context_length=context_length, **kwargs)

    def __call__(self, texts: str | Sequence[str]) -> torch.Tensor:
        """Return int64 (N, context_length), cut at the end or padded."""
        rows: torch.Tensor = self._simple([texts] if isinstance(texts, str) else list(texts))
        return rows

    def tokens(self, text: str) -> list[int]:
        """Return all tokens of a text, uncut, without start and end marks."""
        return list(self._simple.encode(text))


class FileTokenizer:
    """A `tokenizer.json` read by the `tokenizers` package alone, without transformers."""

    def __init__(self, file: Path, context_length: int, pad_token: str, clean: str) -> None:
        from open_clip.tokenizer import get_clean_fn
        from tokenizers import Tokenizer

        self.context_length = context_length
        self._clean = get_clean_fn(clean)
        self._whole = Tokenizer.from_file(str(file))
        self._whole.no_truncation()
        self._whole.no_padding()
        self._rows = Tokenizer.from_file(str(file))
        pad_id = self._rows.token_to_id(pad_token)
        self._rows.enable_truncation(context_length)
        self._rows.enable_padding(length=context_length, pad_id=pad_id, pad_token=pad_token)
        self.marks = self._whole.num_special_tokens_to_add(False)
        unknown = getattr(self._whole.model, "unk_token", None)
        self.unknown_id = None if unknown is None else self._whole.token_to_id(unknown)

    def __call__(self, texts: str | Sequence[str]) -> torch.Tensor:
        """Return int64 (N, context_length), cut at the end or padded."""
        import torch

        cleaned = [self._clean(text) for text in ([texts] if isinstance(texts, str) else texts)]
        return torch.tensor([row.ids for row in self._rows.encode_batch(cleaned)])

    def tokens(self, text: str) -> list[int]:
        """Return all tokens of a text, uncut, without start and end marks."""
        return list(self._whole.encode(self._clean(text), add_special_tokens=False).ids)


class TransformersTokenizer:
    """Any other tokenizer of transformers, through open_clip's wrapper, from local files only."""

    def __init__(self, folder: Path, context_length: int, mode: str | None, **kwargs: Any) -> None:
        from open_clip.tokenizer import HFTokenizer

        self.context_length = context_length
        self._wrapped = HFTokenizer(
            str(folder),
            context_length=context_length,
            tokenizer_mode=mode,
            local_files_only=True,
            trust_remote_code=False,
            **kwargs,
        )
        self._inner = self._wrapped.tokenizer
        # open_clip's mode `clips` adds start, end and class marks by itself
        self.marks = 3 if mode == "clips" else int(self._inner.num_special_tokens_to_add())
        self.unknown_id: int | None = self._inner.unk_token_id

    def __call__(self, texts: str | Sequence[str]) -> torch.Tensor:
        """Return int64 (N, context_length), cut at the end or padded."""
        rows: torch.Tensor = self._wrapped([texts] if isinstance(texts, str) else list(texts))
        return rows

    def tokens(self, text: str) -> list[int]:
        """Return all tokens of a text, uncut, without start and end marks."""
        cleaned = self._wrapped.clean_fn(text)
        return list(self._inner.encode(cleaned, add_special_tokens=False, verbose=False))


class ModelTokenizer:
    """The tokenizer of a transformers model, as its own class reads it, from local files only.

    Rows are padded to the whole window: SigLIP was trained so, and CLIP does not mind.
    """

    def __init__(self, folder: Path, context_length: int) -> None:
        from transformers import AutoTokenizer

        with quiet_transformers():
            self._inner: Any = AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
        self.context_length = min(context_length, int(self._inner.model_max_length))
        self.marks = len(self._inner("").input_ids)
        unknown = self._inner.unk_token_id
        # CLIP spells everything, and gives the closing mark this name as well
        self.unknown_id: int | None = None if unknown == self._inner.eos_token_id else unknown

    def __call__(self, texts: str | Sequence[str]) -> torch.Tensor:
        """Return int64 (N, context_length), cut at the end or padded."""
        import torch

        rows = self._inner(
            [texts] if isinstance(texts, str) else list(texts),
            max_length=self.context_length,
            padding="max_length",
            truncation=True,
        )
        return torch.tensor(rows.input_ids)

    def tokens(self, text: str) -> list[int]:
        """Return all tokens of a text, uncut, without start and end marks."""
        return list(self._inner.encode(text, add_special_tokens=False, verbose=False))


def load_tokenizer(folder: ModelFolder) -> TextTokenizer:
    """Return the tokenizer of a model folder.

    Raises:
        BadModelFolder: the tokenizer files are missing or cannot be read.
    """
    text_cfg = folder.model_cfg["text_cfg"]
    kwargs = dict(text_cfg.get("tokenizer_kwargs") or {})
    # a training-time choice of which words to drop, random or by a downloaded parser
    kwargs.pop("reduction_mask", None)
    length = folder.context_length
    try:
        if not text_cfg.get("hf_tokenizer_name"):
            return BytePairTokenizer(length, **kwargs)
        # transformers would go on with a vocabulary of nothing but marks
        if not any((folder.path / name).is_file() for name in VOCABULARY_NAMES):
            raise FileNotFoundError(folder.path / VOCABULARY_NAMES[0])
        if folder.loader == "transformers":
            return ModelTokenizer(folder.path, length)
        mode = text_cfg.get("tokenizer_mode")
        pad_token = None if mode or kwargs.keys() - {"clean"} else _pad_token(folder.path)
        if pad_token is not None:
            clean = kwargs.get("clean", "whitespace")
            return FileTokenizer(folder.path / "tokenizer.json", length, pad_token, clean)
        return TransformersTokenizer(folder.path, length, mode, **kwargs)
    except Exception as error:
        # The boundary to tokenizers and transformers, which raise bare Exception, OSError,
        # ValueError and KeyError for files that are missing or make no sense.
        raise BadModelFolder(
            f"The tokenizer files in {folder.path} are missing or cannot be read.",
            "Copy the model's tokenizer.json and tokenizer_config.json into it, and what there is "
            "of vocab.txt, vocab.json, merges.txt and spiece.model.",
        ) from error


def _pad_token(folder: Path) -> str | None:
    """Return the padding token if `tokenizer.json` alone gives transformers' rows, else None.

    transformers rebuilds a BERT tokenizer from its vocabulary and `tokenizer_config.json`; both
    files must say the same.
    """
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        kind = config["tokenizer_class"]
        sides = {config.get("padding_side", "right"), config.get("truncation_side", "right")}
        pad = config.get("pad_token", "[PAD]" if kind in BERT_CLASSES else None)
        pad = pad["content"] if isinstance(pad, dict) else pad
        known = {token["content"] for token in content["added_tokens"]}
        same = kind in GENERIC_CLASSES or (kind in BERT_CLASSES and _same_bert(config, content))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return pad if same and sides == {"right"} and pad in known else None


def _same_bert(config: dict[str, Any], content: dict[str, Any]) -> bool:
    model, normalizer = content["model"], content["normalizer"]
    return (
        normalizer["type"] == "BertNormalizer"
        and normalizer["clean_text"]
        and normalizer["lowercase"] == config.get("do_lower_case", True)
        and normalizer["strip_accents"] == config.get("strip_accents")
        and normalizer["handle_chinese_chars"] == config.get("tokenize_chinese_chars", True)
        and content["pre_tokenizer"]["type"] == "BertPreTokenizer"
        and content["post_processor"]["type"] in ("TemplateProcessing", "BertProcessing")
        and model["unk_token"] == config.get("unk_token", "[UNK]")
        and model["continuing_subword_prefix"] == "##"
        and model["max_input_chars_per_word"] == 100
    )
