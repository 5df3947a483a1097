"""What the choices about a layout mean, one line each."""

from __future__ import annotations

from vlm_explorer.queries.layout_request import METHOD_TITLES, SPACE_TITLES

METHODS, SPACES = METHOD_TITLES, SPACE_TITLES  # for widgets, too, which do not see queries
METHOD_NOTES = {
    "umap": "Keeps neighbours together; groups stand out. Their sizes and distances mean nothing.",
    "tsne": "Keeps the nearest neighbours best; spreads groups evenly. Takes longer.",
    "pacmap": "Keeps neighbours, and more of how groups lie to each other.",
    "pca": "The two directions of greatest spread: at once, and without any chance in it.",
}
SPACE_NOTES = {
    "raw": "Images and texts where the encoder puts them, with the gap between them as it is.",
    "centred": "Images and texts each less their own mean: the gap closes, pairs can meet.",
    "crossmodal": "Laid out from images; each text stands where the images nearest to it are.",
    "images": "The same map of images, without the captions.",
}
# Title, tool tip, least, most, step and decimals of what a method can be told.
SETTINGS = {
    "n_neighbors": ("Neighbours", "Size of a neighbourhood: small for detail, large for the whole",
                    2, 500, 5, 0),
    "min_dist": ("Least distance", "How close neighbours may lie on the map, 0 to 1",
                 0, 1, 0.1, 2),
    "perplexity": ("Perplexity", "About how many neighbours each point keeps", 1, 150, 5, 0),
    "seed": ("Seed", "The same seed gives the same map", 0, 2**31 - 1, 1, 0),
}  # fmt: skip
GAP = "distance between the mean image and the mean text vector in the raw space, 0 to 2"


def method_title(method: str) -> str:
    """Return what a method is called."""
    return METHODS.get(method, method.upper())


def gap_words(gap: float | None, texts: int) -> str:
    """Return the modality gap with what it is; "" where there is none."""
    if gap is None:
        return ""
    return f"Modality gap {gap:.2f}: {GAP} ({texts:,} texts)."


def landmarks_words(laid_out: int, placed: int) -> str:
    """Return how many points stand for how many."""
    return f"{laid_out:,} landmarks laid out, {placed:,} placed by neighbours"
