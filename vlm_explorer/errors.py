"""Every error that the program raises on purpose.

    ExplorerError
    ├── UsageError                 the request itself makes no sense
    │   └── WrongOptions           options of a command that do not fit together
    ├── FileProblem                one file; while indexing it becomes a row, not an exception
    │   ├── NotAnImage             readable, but no picture (report, plan, text)
    │   ├── UnsupportedImage       a picture that nothing here can decode; says what is missing
    │   └── UnreadableImage        damaged or incomplete
    │       └── MissingFrame       the file ends before this frame, and before all that follow
    ├── ModelProblem
    │   ├── ModelNotFound          no such id or folder
    │   ├── WeightsNotFound        a model folder without weights
    │   ├── BadModelFolder         a folder that is in no layout of a model
    │   └── FetchProblem           an encoder could not be fetched from the hub
    │       └── AccessNeeded       its terms have to be accepted first, or the token is refused
    ├── CollectionProblem
    │   ├── CollectionNotFound
    │   ├── CollectionDamaged
    │   ├── CollectionTooNew       written by a later version of the program
    │   └── CollectionLocked       another program writes to it
    ├── StorageProblem             no permission, disk full
    ├── NotSupported               the method does not apply to this encoder
    ├── OutOfMemory
    └── WorkerDied                 a child process ended without an answer

`text` says what happened and where; `hint` says what to do next. Both are shown to the user and
carry no patient data.
"""

from __future__ import annotations


class ExplorerError(Exception):
    """The root of every error that the program raises on purpose.

    Attributes:
        text: what happened and where, in the user's words; one sentence.
        hint: what to do next; may be empty.
    """

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text, hint)
        self.text = text
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.text} {self.hint}".strip()


class UsageError(ExplorerError):
    """The request itself makes no sense."""


class WrongOptions(UsageError):
    """The options of a command do not fit together: seen before anything was done."""


class FileProblem(ExplorerError):
    """One file cannot be used; `kind` is the word that the list of problems shows."""

    kind = "unreadable"


class NotAnImage(FileProblem):
    """Readable, but no picture."""

    kind = "not-an-image"


class UnsupportedImage(FileProblem):
    """A picture that nothing installed here can decode."""

    kind = "unsupported"


class UnreadableImage(FileProblem):
    """Damaged or incomplete."""

    kind = "unreadable"


class MissingFrame(UnreadableImage):
    """The file ends before this frame, and before all that follow."""


class ModelProblem(ExplorerError):
    """Something about an encoder."""


class ModelNotFound(ModelProblem):
    """No such encoder id, no such folder."""


class WeightsNotFound(ModelProblem):
    """A model folder without weights; weights are never made up."""


class BadModelFolder(ModelProblem):
    """A folder that is in no layout of a model, or whose parts do not fit together."""


class FetchProblem(ModelProblem):
    """An encoder could not be fetched from the hub."""


class AccessNeeded(FetchProblem):
    """The hub asks for consent to terms and for a token, or refuses the one it got."""


class CollectionProblem(ExplorerError):
    """Something about a collection."""


class CollectionNotFound(CollectionProblem):
    """No collection at that place."""


class CollectionDamaged(CollectionProblem):
    """A collection that cannot be read."""


class CollectionTooNew(CollectionProblem):
    """A collection written by a later version of the program."""


class CollectionLocked(CollectionProblem):
    """Another program is writing to the collection."""


class StorageProblem(ExplorerError):
    """No permission to write, or no room."""


class NotSupported(ExplorerError):
    """The method does not apply to this encoder."""


class OutOfMemory(ExplorerError):
    """Not even the smallest piece of the work fits into memory."""


class WorkerDied(ExplorerError):
    """A child process ended without an answer (crash, out of memory, killed)."""
