"""Writes the tokenizer files of published encoders, with small vocabularies of their own."""

from __future__ import annotations

import json
import string
from pathlib import Path

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


def write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")


def vocabulary_of_words() -> dict[str, int]:
    """A toy WordPiece vocabulary; the end mark has the highest number, as native towers ask."""
    letters = string.ascii_lowercase + string.digits
    marks = ["[PAD]", "[UNK]", "[CLS]", "[MASK]"]
    tokens = marks + list(letters) + [f"##{letter}" for letter in letters] + list(".,-'")
    tokens += [word for word in WORDS if len(word) > 1] + ["##itis", "##oma", "[SEP]"]
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def write_bert_tokenizer(
    folder: Path, *, context_length: int = 256, kind: str = "BertTokenizer"
) -> None:
    """Write the tokenizer files of BiomedCLIP's repository, truncation and padding included."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing

    vocabulary = vocabulary_of_words()
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
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "special_tokens_map.json", marks)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")


def write_t5_tokenizer(folder: Path) -> None:
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
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "special_tokens_map.json", marks)


def write_gemma_tokenizer(folder: Path) -> None:
    """Write a toy byte-pair vocabulary in the files of SigLIP2's repositories."""
    from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import BPE
    from tokenizers.processors import TemplateProcessing

    marks = ["<pad>", "<eos>", "<bos>", "<unk>"]
    tokens = marks + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += list(dict.fromkeys("▁" + string.ascii_lowercase + string.digits + ".,-"))
    merges = []
    for word in WORDS:
        whole = "▁"
        for letter in word:
            merges.append((whole, letter))
            whole += letter
            tokens.append(whole)
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(
        BPE(
            vocabulary,
            list(dict.fromkeys(merges)),
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.post_processor = TemplateProcessing(
        single="$A:0 <eos>:0",
        pair="$A:0 <eos>:0 $B:1 <eos>:1",
        special_tokens=[("<eos>", vocabulary["<eos>"])],
    )
    tokenizer.add_special_tokens([AddedToken(mark, normalized=False) for mark in marks])
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {f"{mark[1:-1]}_token": mark for mark in marks}
    settings = {
        "add_bos_token": False,
        "add_eos_token": True,
        **names,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 64,
        "padding_side": "right",
        "tokenizer_class": "GemmaTokenizer",
    }
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "special_tokens_map.json", names)


def write_sentencepiece_tokenizer(folder: Path) -> None:
    """Train a toy vocabulary and write it in the files of MedSigLIP's repository."""
    import io

    import sentencepiece

    model = io.BytesIO()
    sentences = [f"{first} {second} {third}" for first in WORDS for second in WORDS
                 for third in ("left", "lung")]  # fmt: skip
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=200,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    (folder / "spiece.model").write_bytes(model.getvalue())
    marks = {"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"}
    settings = {
        **marks,
        "additional_special_tokens": [],
        "clean_up_tokenization_spaces": True,
        "do_lower_case": True,
        "model_input_names": ["input_ids"],
        "model_max_length": 64,
        "processor_class": "SiglipProcessor",
        "sp_model_kwargs": {},
        "tokenizer_class": "SiglipTokenizer",
    }
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "special_tokens_map.json", marks)


def write_clip_tokenizer(folder: Path, *, whole: bool) -> None:
    """Write CLIP's vocabulary in the files of transformers.

    Args:
        whole: with `tokenizer.json`, as newer repositories have it.
    """
    from open_clip.tokenizer import SimpleTokenizer

    simple = SimpleTokenizer()
    start, end = "<|startoftext|>", "<|endoftext|>"
    names = {"<start_of_text>": start, "<end_of_text>": end}  # open_clip calls them otherwise
    vocabulary = {names.get(token, token): number for token, number in simple.encoder.items()}
    write_json(folder / "vocab.json", vocabulary)
    pairs = sorted(simple.bpe_ranks, key=simple.bpe_ranks.__getitem__)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in pairs)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    marks = {"bos_token": start, "eos_token": end, "pad_token": end, "unk_token": end}
    settings = {
        "add_prefix_space": False,
        **marks,
        "do_lower_case": True,
        "errors": "replace",
        "model_max_length": 77,
        "tokenizer_class": "CLIPTokenizer",
    }
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "special_tokens_map.json", marks)
    if whole:
        from transformers import CLIPTokenizer

        CLIPTokenizer.from_pretrained(folder).backend_tokenizer.save(str(folder / "tokenizer.json"))
