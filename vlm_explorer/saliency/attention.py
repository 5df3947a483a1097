"""Where the tokens of an image tower look: rows of attention, and their rollout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import Geometry, plan
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.outliers import outliers
from vlm_explorer.saliency.taps import Capture, capture

Floats = NDArray[np.float32]
Head = int | Literal["mean", "max"]
# Who looks: the class token, the pooling head's learned query, all patches on average, one patch
# (row, column), or whichever of the first three leads to the image's vector.
Query = Literal["auto", "cls", "probe", "mean"] | tuple[int, int]


@dataclass(frozen=True, slots=True)
class AttentionMaps:
    """The attention of every layer for one image, kept as queries and keys.

    Rows and columns are computed when asked for, head by head, with no pass through the encoder,
    so that no stack of attention is ever held: a tower of 27 layers, 16 heads and 1024 tokens
    takes 250 MB as queries and keys and 1.8 GB as attention; B/16 takes 15 MB.

    Attributes:
        layers: names, in the order of computation.
        heads: number of heads of each layer.
        geometry: from the grid of patches to the image.
        embedding: float32 (D,), the image's unit vector.
        queries: of each layer, float32 (H, Q, d), scaled; Q is 1 in a pooling layer.
        keys: of each layer, float32 (H, N, d).
        norms: of each block, float32 (N,), lengths of the tokens that it gives out; None for a
            pooling layer.
        prefixes: tokens before the patches in each layer's keys.
        class_token: whether the blocks have one, as their first token.
        by_class: whether that token becomes the image's vector.
    """

    layers: tuple[str, ...]
    heads: tuple[int, ...]
    geometry: Geometry
    embedding: Floats
    queries: tuple[Floats, ...]
    keys: tuple[Floats, ...]
    norms: tuple[Floats | None, ...]
    prefixes: tuple[int, ...]
    class_token: bool
    by_class: bool

    def default_query(self, layer: int = -1) -> Query:
        """Return what `auto` means in a layer."""
        if not self.has_patch_queries(layer):
            return "probe"
        return "cls" if self.by_class else "mean"

    def has_patch_queries(self, layer: int) -> bool:
        """Return whether single patches look in this layer; in a pooling layer they do not."""
        return self.norms[self._index(layer)] is not None

    def attention(self, layer: int = -1, query: Query | None = None) -> Floats:
        """Return attention float32 (H, Q, N) over all N tokens; every row sums to 1.

        Args:
            layer: from 0, or from -1 backwards.
            query: only the rows of this query (for `mean` those of all patches); None for all.
        """
        return np.stack(list(self.each_head(layer, query)))

    def each_head(self, layer: int = -1, query: Query | None = None) -> Iterator[Floats]:
        """Yield `attention` head by head, float32 (Q, N) each."""
        index = self._index(layer)
        chosen = slice(None) if query is None else self._rows(index, query)
        for queries, keys in zip(self.queries[index], self.keys[index], strict=True):
            yield _softmax(queries[chosen] @ keys.T)

    def rows(self, layer: int = -1, query: Query = "auto") -> Floats:
        """Return where a query looks by each head, float32 (H, N) over all tokens, rows sum 1."""
        return np.stack([rows.mean(axis=0) for rows in self.each_head(layer, query)])

    def columns(self, layer: int, cell: tuple[int, int]) -> Floats:
        """Return how much each token attends to a patch by each head, float32 (H, N).

        These are shares of each token's own row: they do not sum to 1.

        Raises:
            NotSupported: in a pooling layer only one query looks.
            UsageError: no such layer or patch.
        """
        index = self._index(layer)
        key = self._rows(index, cell).start
        return np.stack([rows[:, key].copy() for rows in self.each_head(index)])

    def row(
        self, layer: int = -1, head: Head = "mean", query: Query = "auto"
    ) -> tuple[Floats, float]:
        """Return where a query looks.

        Args:
            layer: from 0, or from -1 backwards.
            head: number of a head from 0, or the `mean` or `max` over heads.
            query: who looks.

        Returns:
            float32 (gh, gw), attention paid to each patch, and what goes to the tokens before
            the patches (class token, registers); but for the head `max` they sum to 1.

        Raises:
            UsageError: no such layer, head or patch.
            NotSupported: this layer has no such query.
        """
        fused = fuse_heads(self.rows(layer, query), head)
        grid, prefix = self._on_grid(layer, fused)
        return grid, float(prefix.sum())

    def column(
        self, layer: int, cell: tuple[int, int], head: Head = "mean"
    ) -> tuple[Floats, Floats]:
        """Return who attends to a patch.

        Args:
            layer: a block, from 0, or from -1 backwards.
            cell: the patch, row and column.
            head: as in `row`.

        Returns:
            float32 (gh, gw), the share of each patch's attention that goes to `cell`, and the
            same of each token before the patches, float32 (prefix,).

        Raises:
            UsageError, NotSupported: as in `columns` and `row`.
        """
        return self._on_grid(layer, fuse_heads(self.columns(layer, cell), head))

    def entropy(self, query: Query = "auto") -> Floats:
        """Return how widely each head looks, float32 (L, H), in bits; 0 is one token alone.

        It is the entropy of the head's row over all N tokens, at most log2(N). The query must be
        there in every layer, as `auto` is. NaN fills layers of fewer heads.
        """
        table = np.full((len(self.layers), max(self.heads)), np.nan, np.float32)
        for layer, heads in enumerate(self.heads):
            table[layer, :heads] = entropy_bits(self.rows(layer, query))
        return table

    def outlier_tokens(self) -> NDArray[np.bool_]:
        """Return bool (gh, gw): patches far longer than the others before the last block.

        Longer than the median by more than 6 median absolute deviations; such tokens may hold
        what the tower knows of the whole image (Darcet et al. 2024).
        """
        blocks = [layer for layer, norms in enumerate(self.norms) if norms is not None]
        if not blocks:
            return np.zeros(self.geometry.grid_hw, bool)
        layer = blocks[max(len(blocks) - 2, 0)]
        norms = self.norms[layer]
        if norms is None:
            raise AssertionError("only blocks are chosen, and they have norms")
        return outliers(norms[self.prefixes[layer] :], self.geometry.grid_hw)

    def _on_grid(self, layer: int, tokens: Floats) -> tuple[Floats, Floats]:
        """Return values (N,) of a layer's tokens as those of patches (gh, gw), and the others."""
        prefix = self.prefixes[self._index(layer)]
        return tokens[prefix:].reshape(self.geometry.grid_hw), tokens[:prefix]

    def _index(self, layer: int) -> int:
        if not -len(self.layers) <= layer < len(self.layers):
            raise UsageError(
                f"There is no layer {layer}; this encoder has {len(self.layers)}, from 0."
            )
        return layer % len(self.layers)

    def _rows(self, layer: int, query: Query) -> slice:
        """Return the rows of queries that `query` names in a layer."""
        query = self.default_query(layer) if query == "auto" else query
        pooling = not self.has_patch_queries(layer)
        if pooling and query != "probe":
            raise NotSupported(
                f"In the layer {self.layers[layer]!r} only the pooling query looks.",
                "Choose the query probe, or a block for a patch.",
            )
        prefix = self.prefixes[layer]
        if query == "probe" and pooling:
            return slice(0, 1)
        if query == "cls" and self.class_token:
            return slice(0, 1)
        if query == "mean":
            return slice(prefix, None)
        if not isinstance(query, tuple):
            raise NotSupported(
                f"The layer {self.layers[layer]!r} has no query {query!r}.",
                "Choose mean, or a patch by its row and column.",
            )
        down, across = query
        height, width = self.geometry.grid_hw
        if not (0 <= down < height and 0 <= across < width):
            raise UsageError(f"There is no patch {query}; the grid is {height} x {width}, from 0.")
        start = prefix + down * width + across
        return slice(start, start + 1)


def fuse_heads(rows: Floats, head: Head) -> Floats:
    """Return one row (N,) of a layer's rows (H, N): a head's, or their `mean` or `max`.

    Raises:
        UsageError: no such head.
    """
    if isinstance(head, int):
        if not -len(rows) <= head < len(rows):
            raise UsageError(f"There is no head {head}; this layer has {len(rows)}, from 0.")
        return np.asarray(rows[head])
    if head not in ("mean", "max"):
        raise UsageError(f"There is no head {head!r}.", "Give a number, mean or max.")
    return np.asarray(rows.mean(axis=0) if head == "mean" else rows.max(axis=0), np.float32)


def entropy_bits(rows: Floats) -> Floats:
    """Return the entropy of each row (..., N) that sums to 1, in bits, float32 (...)."""
    return np.asarray(-(rows * np.log2(np.maximum(rows, 1e-30))).sum(axis=-1), np.float32)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return np.asarray(powers, np.float32)


def attention_maps(
    encoder: Encoder, pixels: NDArray[np.uint8], *, context: JobContext | None = None
) -> AttentionMaps:
    """Encode one image and keep its attention, with one pass through the image tower.

    Args:
        encoder: one whose attention can be shown.
        pixels: uint8 (rows, columns) or (rows, columns, 3).
        context: asked for cancellation before the pass.

    Raises:
        NotSupported: the encoder's attention cannot be shown; the text says why.
        UsageError: `pixels` is not such an array.
    """
    view = encoder.view(pixels)
    if context is not None:
        context.report(0, 1, "Reading attention")
    with capture(encoder) as tapped:
        embedding = tapped.encode(view[None])[0].cpu().numpy()
        maps = _collect(tapped, embedding, pixels.shape[0], pixels.shape[1])
    if context is not None:
        context.report(1, 1, "Reading attention")
    return maps


def _collect(tapped: Capture, embedding: Floats, rows: int, columns: int) -> AttentionMaps:
    tower, taps = tapped.tower, tapped.taps
    queries = tuple(tap.query[0].cpu().numpy() for tap in taps if tap.query is not None)
    keys = tuple(tap.key[0].cpu().numpy() for tap in taps if tap.key is not None)
    return AttentionMaps(
        layers=tuple(layer.name for layer in tower.layers),
        heads=tuple(len(query) for query in queries),
        geometry=plan(rows, columns, tapped.encoder.preprocess, tower.grid_hw, tower.patch_hw),
        embedding=embedding,
        queries=queries,
        keys=keys,
        norms=tuple(None if tap.norms is None else tap.norms[0].cpu().numpy() for tap in taps),
        prefixes=tuple(layer.prefix for layer in tower.layers),
        class_token=tower.class_token,
        by_class=tower.pooled_by == "class",
    )


def attention_row(
    maps: AttentionMaps, layer: int = -1, head: Head = "mean", query: Query = "auto"
) -> tuple[Floats, float]:
    """Return where a query looks, as `AttentionMaps.row`."""
    return maps.row(layer, head, query)
