"""An encoder made of open_clip's towers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch  # noqa: TID253 - only load.py imports this module, when it is needed
from numpy.typing import NDArray

from vlm_explorer.encoders.device import is_out_of_memory, raise_if_out_of_memory
from vlm_explorer.encoders.encoder import TextReading
from vlm_explorer.encoders.image_batch import DTYPES, image_features
from vlm_explorer.encoders.measuring import Subject, speeds
from vlm_explorer.encoders.model_folder import ModelFolder
from vlm_explorer.encoders.precision import DeviceChoice, decide
from vlm_explorer.encoders.preprocess import PreprocessConfig, model_view
from vlm_explorer.encoders.text_reading import load_words, read_text
from vlm_explorer.encoders.text_tower import encode_rows, used_tokens
from vlm_explorer.encoders.tokenizer import TextTokenizer, load_tokenizer
from vlm_explorer.encoders.towers import first_line, load_towers
from vlm_explorer.errors import BadModelFolder, ExplorerError, ModelProblem, OutOfMemory
from vlm_explorer.jobs import Cancelled, JobContext

TEXT_BATCH = 64
IMAGES, TEXTS = "images", "texts"


@dataclass(slots=True)
class OpenClipEncoder:
    """Images and texts to unit vectors; attributes and methods as in `Encoder`.

    Attributes:
        choice: why it runs on this device in this precision, and how fast.
        model: open_clip's module, in evaluation mode, its parameters frozen; the image tower in
            `precision`, everything else in float32.
        tokenizer: texts to token numbers, as open_clip's own.
        known_words: words met in training, where the model folder lists them.
    """

    id: str
    fingerprint: str
    folder: str
    device: str
    precision: str
    dimension: int
    logit_scale: float
    logit_bias: float | None
    preprocess: PreprocessConfig
    context_length: int
    domain: str
    choice: DeviceChoice
    model: Any = field(repr=False)
    tokenizer: TextTokenizer = field(repr=False)
    known_words: frozenset[str] | None = field(default=None, repr=False)
    _fitting: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def batch_limit(self) -> int | None:
        """The number of images that still fitted when memory last ran out; None if it never did."""
        return self._fitting.get(IMAGES)

    def encode_images(
        self,
        images: Sequence[NDArray[np.uint8]],
        *,
        batch_size: int | None = None,
        context: JobContext | None = None,
    ) -> NDArray[np.float32]:
        """Return float32 (N, D), unit rows, in the order of `images`.

        Args:
            images: uint8 (rows, columns) or (rows, columns, 3), of any size; what `view` returns
                may be given as well, with the same result.
            batch_size: images that go through the tower at once; by default what `choice` says.
                Halved when memory runs out, and never larger after that.
            context: told the progress and asked for cancellation once a batch.

        Raises:
            UsageError: an image is not such an array.
            OutOfMemory: not even one image fits.
        """

        def encode(start: int, stop: int) -> torch.Tensor:
            views = [self.view(image) for image in images[start:stop]]
            return image_features(self.model, views, self.preprocess, self.device, self.precision)

        size = self.choice.batch_size if batch_size is None else batch_size
        return self._in_batches(encode, len(images), size, IMAGES, context)

    def encode_texts(
        self, texts: Sequence[str], *, context: JobContext | None = None
    ) -> NDArray[np.float32]:
        """Return float32 (M, D), unit rows, in the order of `texts`.

        Texts go through the tower in float32, sorted by length, and where padding takes no part
        no longer than the longest of their batch.
        """
        texts = [texts] if isinstance(texts, str) else list(texts)
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        rows = self.tokenizer(texts)
        self._check_vocabulary(rows)
        used = used_tokens(self.model, rows)
        if used is None:
            used = torch.full((len(rows),), rows.shape[1])
        order = torch.argsort(used, stable=True)
        rows, used = rows[order], used[order]

        def encode(start: int, stop: int) -> torch.Tensor:
            cut = rows[start:stop, : int(used[stop - 1])].to(self.device)
            return torch.nn.functional.normalize(encode_rows(self.model, cut).float(), dim=-1)

        found = self._in_batches(encode, len(texts), TEXT_BATCH, TEXTS, context)
        vectors = np.empty_like(found)
        vectors[order.numpy()] = found
        return vectors

    def read_text(self, text: str) -> TextReading:
        """Return what the encoder reads of `text`."""
        return read_text(self.tokenizer, text, self.known_words)

    def view(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return uint8 (S, S, 3), exactly what the encoder sees before normalisation."""
        return model_view(image, self.preprocess)

    def _check_vocabulary(self, rows: torch.Tensor) -> None:
        """Say it in words where torch would fail, on a GPU beyond repair."""
        known = getattr(self.model, "vocab_size", None)
        if known and int(rows.max()) >= known:
            raise BadModelFolder(
                f"The tokenizer of the encoder {self.id} has more tokens than its text tower.",
                "The tokenizer files must come from the same model as the weights.",
            )

    def _in_batches(
        self,
        encode: Callable[[int, int], torch.Tensor],
        count: int,
        batch_size: int,
        what: str,
        context: JobContext | None,
    ) -> NDArray[np.float32]:
        """Return the rows of `encode(start, stop)`; a GPU computes while the next is made."""
        vectors = np.zeros((count, self.dimension), np.float32)
        start, size = 0, max(1, min(batch_size, self._fitting.get(what, batch_size)))
        under_way: tuple[int, torch.Tensor] | None = None
        while start < count or under_way is not None:
            launched = None
            if start < count:
                stop = min(start + size, count)
                try:
                    with torch.inference_mode():
                        launched = stop, encode(start, stop)
                except (RuntimeError, MemoryError) as error:
                    if not is_out_of_memory(error):
                        raise
                    self._fitting[what] = size = self._smaller(stop - start, error)
                    continue
            if under_way is not None:
                done, found = under_way
                vectors[done - len(found) : done] = self._fetch(found)
                if context is not None:
                    context.report(done, count, f"Encoding {what}")
            under_way = launched
            start = launched[0] if launched else start
        return vectors

    def _fetch(self, found: torch.Tensor) -> NDArray[np.float32]:
        """Return unit rows from the device once they are computed."""
        with torch.inference_mode():
            unit: NDArray[np.float32] = found.cpu().numpy()
        if not np.isfinite(unit).all():
            raise ModelProblem(
                f"The encoder {self.id} gave numbers that are not finite in {self.precision}.",
                "Choose the precision fp32; if it is that already, the weights are damaged.",
            )
        return unit

    def _smaller(self, size: int, error: Exception) -> int:
        """Return half a batch that did not fit into memory."""
        if size <= 1:
            raise OutOfMemory(
                f"Not even one image or text fits into the memory of {self.device} with the "
                f"encoder {self.id}.",
                "Close other programs, or choose another device or a smaller encoder.",
            ) from error
        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()
        return size // 2


def make_encoder(
    folder: ModelFolder,
    *,
    name: str,
    fingerprint: str,
    device: str,
    precision: str,
    domain: str,
    batch_size: int | None = None,
    context: JobContext | None = None,
) -> OpenClipEncoder:
    """Load a model folder's towers and tokenizer, measure what they run best in, and try them.

    Raises:
        BadModelFolder: towers, weights and tokenizer do not fit together.
        OutOfMemory: the encoder does not fit into the device's memory.
        Cancelled: `context` asked to stop.
    """
    model: Any = load_towers(folder)
    scale, bias = float(model.logit_scale.exp()), model.logit_bias
    tokenizer = load_tokenizer(folder)
    try:
        model.to(device=device)
        subject = Subject(model, folder.preprocess, device, fingerprint)
        choice = decide(precision, device, speeds(subject, precision, context=context), batch_size)
        model.visual.to(dtype=DTYPES[choice.precision])
        encoder = OpenClipEncoder(
            id=name,
            fingerprint=fingerprint,
            folder=str(folder.path),
            device=device,
            precision=choice.precision,
            dimension=folder.dimension,
            logit_scale=scale,
            logit_bias=None if bias is None else float(bias),
            preprocess=folder.preprocess,
            context_length=folder.context_length,
            domain=domain,
            choice=choice,
            model=model,
            tokenizer=tokenizer,
            known_words=load_words(folder.path),
        )
        _try_once(encoder)
    except (ExplorerError, Cancelled):
        raise
    except Exception as error:
        # The boundary to open_clip, timm and transformers, whose towers assert in many ways.
        raise_if_out_of_memory(error)
        raise BadModelFolder(
            f"The model in {folder.path} was read, but cannot encode: {first_line(error)}.",
            "Its image size, tokenizer and towers may not belong together.",
        ) from error
    return encoder


def _try_once(encoder: OpenClipEncoder) -> None:
    """Send one image and one text through the towers."""
    size = encoder.preprocess.size
    encoder.encode_images([np.zeros((size, size), np.uint8)])
    encoder.encode_texts(["a"])
