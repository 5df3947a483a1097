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
from vlm_explorer.encoders.model_folder import ModelFolder
from vlm_explorer.encoders.preprocess import PreprocessConfig, model_view, to_tensor
from vlm_explorer.encoders.text_reading import load_words, read_text
from vlm_explorer.encoders.tokenizer import TextTokenizer, load_tokenizer
from vlm_explorer.encoders.towers import first_line, load_towers
from vlm_explorer.errors import BadModelFolder, ExplorerError, ModelProblem, OutOfMemory
from vlm_explorer.jobs import JobContext

TEXT_BATCH = 64
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(slots=True)
class OpenClipEncoder:
    """Images and texts to unit vectors; attributes and methods as in `Encoder`.

    Attributes:
        model: open_clip's module, in evaluation mode, its parameters frozen.
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
    model: Any = field(repr=False)
    tokenizer: TextTokenizer = field(repr=False)
    known_words: frozenset[str] | None = field(default=None, repr=False)

    @property
    def dtype(self) -> torch.dtype:
        """The type of the parameters and of the input tensor."""
        return DTYPES[self.precision]

    def encode_images(
        self,
        images: Sequence[NDArray[np.uint8]],
        *,
        batch_size: int = 32,
        context: JobContext | None = None,
    ) -> NDArray[np.float32]:
        """Return float32 (N, D), unit rows, in the order of `images`.

        Args:
            images: uint8 (rows, columns) or (rows, columns, 3), of any size; what `view` returns
                may be given as well, with the same result.
            batch_size: images that go through the tower at once; halved when memory runs out.
            context: told the progress and asked for cancellation once a batch.

        Raises:
            UsageError: an image is not such an array.
            OutOfMemory: not even one image fits.
        """

        def encode(start: int, stop: int) -> torch.Tensor:
            views = [self.view(image) for image in images[start:stop]]
            tensor = to_tensor(views, self.preprocess).to(self.device, self.dtype)
            features: torch.Tensor = self.model.encode_image(tensor)
            return features

        return self._in_batches(encode, len(images), batch_size, "Encoding images", context)

    def encode_texts(
        self, texts: Sequence[str], *, context: JobContext | None = None
    ) -> NDArray[np.float32]:
        """Return float32 (M, D), unit rows, in the order of `texts`.

        Texts go through the tower sorted by length, and where padding takes no part (text towers
        with an attention mask) no longer than the longest of their batch.
        """
        texts = [texts] if isinstance(texts, str) else list(texts)
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        rows = self.tokenizer(texts)
        self._check_vocabulary(rows)
        rows, order = self._sort_by_length(rows)

        def encode(start: int, stop: int) -> torch.Tensor:
            features: torch.Tensor = self.model.encode_text(
                self._trim(rows[start:stop]).to(self.device)
            )
            return features

        found = self._in_batches(encode, len(texts), TEXT_BATCH, "Encoding texts", context)
        vectors = np.empty_like(found)
        vectors[order] = found
        return vectors

    def read_text(self, text: str) -> TextReading:
        """Return what the encoder reads of `text`."""
        return read_text(self.tokenizer, text, self.known_words)

    def view(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return uint8 (S, S, 3), exactly what the encoder sees before normalisation."""
        return model_view(image, self.preprocess)

    @property
    def _pad_id(self) -> int | None:
        """The padding token, where the text tower masks it; None where padding takes part."""
        text_tower = getattr(self.model, "text", None)
        return getattr(getattr(text_tower, "config", None), "pad_token_id", None)

    def _check_vocabulary(self, rows: torch.Tensor) -> None:
        """Say it in words where torch would fail, on a GPU beyond repair."""
        known = getattr(self.model, "vocab_size", None)
        if known and int(rows.max()) >= known:
            raise BadModelFolder(
                f"The tokenizer of the encoder {self.id} has more tokens than its text tower.",
                "The tokenizer files must come from the same model as the weights.",
            )

    def _sort_by_length(self, rows: torch.Tensor) -> tuple[torch.Tensor, NDArray[np.int64]]:
        if self._pad_id is None:
            return rows, np.arange(len(rows))
        order = torch.argsort((rows != self._pad_id).sum(1), stable=True)
        return rows[order], order.numpy()

    def _trim(self, rows: torch.Tensor) -> torch.Tensor:
        if self._pad_id is None:
            return rows
        used = (rows != self._pad_id).any(0).nonzero()
        return rows[:, : int(used.max()) + 1] if len(used) else rows[:, :1]

    def _in_batches(
        self,
        encode: Callable[[int, int], torch.Tensor],
        count: int,
        batch_size: int,
        message: str,
        context: JobContext | None,
    ) -> NDArray[np.float32]:
        vectors = np.zeros((count, self.dimension), np.float32)
        done, size = 0, max(1, batch_size)
        while done < count:
            stop = min(done + size, count)
            try:
                with torch.inference_mode():
                    features = encode(done, stop).float()
                    unit = torch.nn.functional.normalize(features, dim=-1).cpu().numpy()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                size = self._smaller(stop - done, error)
                continue
            if not np.isfinite(unit).all():
                raise ModelProblem(
                    f"The encoder {self.id} gave numbers that are not finite in {self.precision}.",
                    "Choose the precision fp32; if it is that already, the weights are damaged.",
                )
            vectors[done:stop] = unit
            done = stop
            if context is not None:
                context.report(done, count, message)
        return vectors

    def _smaller(self, size: int, error: Exception) -> int:
        """Return half a batch that did not fit into memory."""
        if size <= 1:
            raise OutOfMemory(
                f"Not even one image or text fits into the memory of {self.device} with the "
                f"encoder {self.id}.",
                "Close other programs, or choose another device or a smaller encoder.",
            ) from error
        return size // 2


def make_encoder(
    folder: ModelFolder, *, name: str, fingerprint: str, device: str, precision: str, domain: str
) -> OpenClipEncoder:
    """Load a model folder's towers and tokenizer and try them once.

    Raises:
        BadModelFolder: towers, weights and tokenizer do not fit together.
        OutOfMemory: the encoder does not fit into the device's memory.
    """
    model: Any = load_towers(folder)
    scale, bias = model.logit_scale, model.logit_bias
    encoder = OpenClipEncoder(
        id=name,
        fingerprint=fingerprint,
        folder=str(folder.path),
        device=device,
        precision=precision,
        dimension=folder.dimension,
        logit_scale=float(scale.exp()),
        logit_bias=None if bias is None else float(bias),
        preprocess=folder.preprocess,
        context_length=folder.context_length,
        domain=domain,
        model=model,
        tokenizer=load_tokenizer(folder),
        known_words=load_words(folder.path),
    )
    try:
        model.to(device=device, dtype=encoder.dtype)
        _try_once(encoder)
    except ExplorerError:
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
