"""What is known of an encoder before it is loaded: frozen records, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vlm_explorer.encoders.preprocess import PreprocessConfig

Loader = Literal["open_clip", "transformers", ""]
ScaleKind = Literal["softmax", "sigmoid"]
Patches = Literal["text", ""]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository on the hub.

    Attributes:
        name: its path in the repository.
        bytes: its size; None where it is not known yet.
        sha256: its digest in hexadecimal digits; "" where it is not known yet.
    """

    name: str
    bytes: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Companion:
    """The other repository that holds the configuration of an encoder's text tower."""

    repository: str
    revision: str = ""
    files: tuple[RemoteFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure, with where it was published; never measured here."""

    what: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """One encoder; None, "" and () stand for what is not known for certain.

    Attributes:
        id: what commands call it.
        name: what people call it.
        license: the licence of its weights.
        bytes: size of its weights.
        image_size: side of the square that it sees, in pixels.
        dimension: length of its vectors.
        context_length: tokens that fit into its window.
        domain: what kind of images it was trained on.
        use_restrictions: what it may not or should not be used for.
        repository: where it is published.
        template_set: the prompt templates that suit it.
        medical: whether it was trained on medical images of real patients.
        patches: `text` where the vectors of its patches were trained against texts as well, so
            that each says by itself what is there; else "".
        purpose: what it is good for, in a sentence.
        loader: what builds its towers; "" for one that cannot be loaded.
        architecture: open_clip's name of its architecture, whose configuration stands in for what
            the repository's own does not say.
        revision: the commit that is fetched; "" until the hub was asked for the first time.
        files: what is fetched, where it is known beforehand; () for what its layout asks for.
        companion: where its text tower's configuration comes from, if from elsewhere.
        preprocess: how images are laid onto its square, where its own files do not say it.
        scale_kind: whether its scores compete (softmax) or stand alone (sigmoid, with a bias).
        gated: whether the hub asks for consent to terms and for a token.
        access: how to get access, in words with the address.
        not_offered: why it cannot be offered; "" for one on offer.
        figures: what its authors and others measured.
    """

    id: str
    name: str
    license: str = ""
    bytes: int | None = None
    image_size: int | None = None
    dimension: int | None = None
    context_length: int | None = None
    domain: str = ""
    use_restrictions: str = ""
    repository: str = ""
    template_set: str = "raw"
    medical: bool = False
    patches: Patches = ""
    purpose: str = ""
    loader: Loader = "open_clip"
    architecture: str = ""
    revision: str = ""
    files: tuple[RemoteFile, ...] = ()
    companion: Companion | None = None
    preprocess: PreprocessConfig | None = None
    scale_kind: ScaleKind = "softmax"
    gated: bool = False
    access: str = ""
    not_offered: str = ""
    figures: tuple[Figure, ...] = ()
