"""Maps, as methods of a collection: laid out, kept by name, judged, and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.aligning import Aligning
from vlm_explorer.queries.reviewing import StrPath

if TYPE_CHECKING:
    from vlm_explorer.queries.compare_layouts import CompareAnswer
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.queries.map_trust import MapTrust
    from vlm_explorer.queries.named_layouts import NamedLayouts


class LayingOut(Aligning):
    """A collection of which maps can be made."""

    def layout(
        self,
        *,
        method: str = "umap",
        space: str = "raw",
        seed: int = 42,
        texts: Sequence[str] = (),
        model: StrPath | None = None,
        n_neighbors: int = 15,
        min_dist: float = 0.8,
        perplexity: float = 30.0,
        context: JobContext | None = None,
    ) -> LayoutAnswer:
        """Lay out images and texts on a map; see `queries.layout`.

        Images without a vector of the encoder are left out; the answer counts them.

        Args:
            method: `umap`, `tsne`, `pca`, or `pacmap` where its package is installed.
            space: `raw`, `centred`, `crossmodal` (texts placed by their images) or `images`.
            seed: of all chance in it; the same seed gives the same map.
            texts: prompts to be laid out too.
            n_neighbors: size of a neighbourhood, for UMAP and PaCMAP.
            min_dist: least distance of neighbours on the map, for UMAP.
            perplexity: size of a neighbourhood, for t-SNE.

        Raises:
            UsageError, ModelProblem, NotSupported: as they say.
        """
        from vlm_explorer.queries.layout import LayoutRequest, layout

        request = LayoutRequest(
            method, space, seed, tuple(texts), n_neighbors, min_dist, perplexity
        )
        encoder = self.encoder(model) if texts else None
        return layout(self, request, encoder=encoder, model=self._model_id(model), context=context)

    @property
    def layouts(self) -> NamedLayouts:
        """The named layouts; `list` them, `.keep(answer, name)`, `.open`, `.rename`, `.remove`."""
        from vlm_explorer.queries.named_layouts import NamedLayouts

        return NamedLayouts(self)

    def map_trust(self, answer: LayoutAnswer, *, context: JobContext | None = None) -> MapTrust:
        """Say how far to trust a layout, as a whole and image by image; see `queries.map_trust`.

        Raises:
            ModelNotFound: the collection holds no vectors of the layout's encoder any more.
        """
        from vlm_explorer.queries.map_trust import map_trust

        return map_trust(self, answer, context=context)

    def compare(
        self,
        other: StrPath,
        *,
        model: StrPath | None = None,
        method: str = "umap",
        space: str = "raw",
        seed: int = 42,
        other_method: str | None = None,
        other_space: str | None = None,
        other_seed: int | None = None,
        name: str | None = None,
        other_name: str | None = None,
        k: int = 15,
        context: JobContext | None = None,
    ) -> CompareAnswer:
        """Compare two maps: of two encoders, or of one; see `queries.compare_layouts`.

        Args:
            other: the encoder of the second map.
            model: of the first; by default the one last used.
            method, space, seed: of the first map's layout.
            other_method, other_space, other_seed: of the second's; by default the same.
            name, other_name: of kept layouts that are compared instead of laying out; they bring
                their encoders with them.
            k: neighbours an image.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.compare_layouts import CompareRequest, compare_layouts
        from vlm_explorer.queries.layout import LayoutRequest

        first = LayoutRequest(method, space, seed)
        second = LayoutRequest(
            other_method or method, other_space or space, seed if other_seed is None else other_seed
        )
        kept = [self.layouts.open(each) if each else None for each in (name, other_name)]
        models = (
            self.encoder_entry().model if model is None else self._known_name(model),
            self._known_name(other),
        )
        request = CompareRequest(*models, first, second, k)
        return compare_layouts(self, request, first=kept[0], second=kept[1], context=context)
