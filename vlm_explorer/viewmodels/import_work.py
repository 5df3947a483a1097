"""Looking at and importing a user's own encoder, off the GUI thread. No Qt here.

Both read whatever lies in the file: child processes do it, which may crash or be ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import numbers

# Names of files that say nothing of the encoder in them; the folder's does.
NAMELESS = (
    "open_clip_pytorch_model", "open_clip_model", "pytorch_model", "model", "checkpoint", "weights",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the user wants to import, as far as it can be told by looking.

    Attributes:
        path: a model folder, or the file of a bare checkpoint.
        bare: whether it is a checkpoint, whose architecture has to be named.
        words: what it is, one line.
        id: a name for it.
        sha256: of its weights.
        fits: the architectures that a checkpoint can be of, by the shapes of its tensors.
        architectures: those that can be named, each with open_clip's names of published weights.
    """

    path: Path
    bare: bool
    words: str
    id: str
    sha256: str
    fits: tuple[str, ...] = ()
    architectures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def describe_fits(fits: tuple[str, ...]) -> str:
    """Return what the shapes of a checkpoint's tensors say, in a sentence."""
    if not fits:
        return "Its tensors fit none of the known architectures."
    if len(fits) == 1:
        return "Its tensors fit this architecture and no other."
    return (
        f"Its tensors fit {len(fits)}: {', '.join(fits)}. They differ in what leaves no trace in "
        "them, such as the activation."
    )


def inspect(path: Path, *, context: JobContext) -> Candidate:
    """Look at a folder or file.

    Raises:
        ExplorerError: it is no encoder; the text says what is missing.
    """
    from vlm_explorer.processes import run_in_process

    return run_in_process(inspect_here, path, context=context)


def inspect_here(path: Path, *, context: JobContext) -> Candidate:
    """Look at a folder or file (child process)."""
    from vlm_explorer.encoders.fingerprint import weights_digest
    from vlm_explorer.encoders.model_folder import read_model_folder
    from vlm_explorer.encoders.weight_parts import weights_bytes
    from vlm_explorer.errors import UsageError

    path = path.expanduser().absolute()
    if not path.exists():
        raise UsageError(f"There is no {path}.", "Choose a folder or a file that is there.")
    if path.is_file():
        return _inspect_checkpoint(path, context)
    folder = read_model_folder(path)
    size, words = numbers.size(weights_bytes(folder.weights)), f"{folder.preprocess.size} pixels"
    parts = ("Model folder", words, f"{folder.dimension} numbers", size)
    digest = weights_digest(folder.weights, context=context)
    return Candidate(path, False, " · ".join(parts), _propose_id(path), digest)


def _inspect_checkpoint(path: Path, context: JobContext) -> Candidate:
    from vlm_explorer.encoders.fingerprint import weights_digest
    from vlm_explorer.encoders.weight_parts import weights_bytes
    from vlm_explorer.installing.architectures import architectures, pretrained_tags
    from vlm_explorer.installing.checkpoints import read_checkpoint
    from vlm_explorer.installing.guessing import guess_architecture

    context.report(0, None, "Looking for its architecture")
    fits = tuple(guess_architecture(read_checkpoint(path)))
    words = f"Checkpoint · {numbers.size(weights_bytes(path))}"
    digest = weights_digest(path, context=context)
    known = {name: tuple(pretrained_tags(name)) for name in architectures()}
    return Candidate(path, True, words, _propose_id(path), digest, fits, known)


def _propose_id(path: Path) -> str:
    """Return the catalogue's id of a folder called like a published one, else its own name."""
    from vlm_explorer.encoders.catalogue import read_catalogue
    from vlm_explorer.encoders.registry import slug
    from vlm_explorer.encoders.weight_parts import stem_of

    plain = path.is_file() and stem_of(path) not in NAMELESS
    name = stem_of(path) if plain else (path if path.is_dir() else path.parent).resolve().name
    for spec, _ in read_catalogue().values():
        if spec.repository.rpartition("/")[2].casefold() == name.casefold():
            return spec.id
    return slug(name) or "model"


def import_own(
    path: Path, id_: str, architecture: str, pretrained: str, *, context: JobContext
) -> tuple[str, str]:
    """Import a model folder, or a checkpoint of a named architecture; return its id and name.

    Args:
        pretrained: what the training of the checkpoint started from; "" where not known.

    Raises:
        ExplorerError: whatever stops it; nothing is left behind.
    """
    from vlm_explorer.processes import run_in_process

    return run_in_process(import_here, path, id_, architecture, pretrained, context=context)


def import_here(
    path: Path, id_: str, architecture: str, pretrained: str, *, context: JobContext
) -> tuple[str, str]:
    """Import a model folder or a checkpoint (child process)."""
    from vlm_explorer.installing.importing import import_checkpoint, import_model

    if architecture:
        spec = import_checkpoint(path, architecture, id_, pretrained=pretrained, context=context)
    else:
        spec = import_model(path, id_, context=context)
    return spec.id, spec.name
