import subprocess
import sys
import warnings

import numpy as np
import pytest

from vlm_explorer.analysis import landmarks
from vlm_explorer.analysis.map_trust import judge, trustworthiness
from vlm_explorer.analysis.neighbours import nearest, nearest_among, nearest_approximately
from vlm_explorer.analysis.pacmap_layout import pacmap_is_here
from vlm_explorer.analysis.projection import (
    ProjectionSpec,
    modality_gap,
    pca,
    place_texts,
    project,
    space_points,
)
from vlm_explorer.analysis.umap_layout import fuzzy_graph, membership_curve, optimise
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.processes import run_in_process


def clusters(count, dimension=32, centres=4, spread=0.3, seed=0):
    """Return unit rows around a few centres, and the centre of each."""
    random = np.random.default_rng(seed)
    middle = random.normal(size=(centres, dimension))
    which = random.integers(0, centres, count)
    rows = middle[which] + spread * random.normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), which


NO_TEXTS = np.empty((0, 32), np.float32)


def compare_with_umap_learn(*, context):
    """Run in a child: the largest difference from umap-learn's own graph."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)
        from umap.umap_ import fuzzy_simplicial_set

    points, _ = clusters(200)
    points[40:60] = points[40]
    indices, distances = nearest(points, 15)
    theirs, _, _ = fuzzy_simplicial_set(
        points, 15, np.random.RandomState(0), "cosine", knn_indices=indices, knn_dists=distances
    )
    return float(abs(fuzzy_graph(indices, distances) - theirs).max())


def trust_of_both(*, context):
    """Run in a child: the trust of our layout and of umap-learn's, of the same graph and start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)
        from umap.umap_ import find_ab_params, simplicial_set_embedding

    points, _ = clusters(1200, centres=12, spread=0.6)
    graph = fuzzy_graph(*nearest(points, 15))
    start = pca(points)
    ours = optimise(graph, start, 0.1, 42, context=context)
    a, b = find_ab_params(1.0, 0.1)
    assert membership_curve(0.1) == pytest.approx((a, b), rel=1e-6)
    theirs, _ = simplicial_set_embedding(
        points, graph, 2, 1.0, a, b, 1.0, 5, None, start, np.random.RandomState(42), "cosine",
        {}, False, {}, False,
    )  # fmt: skip
    return trustworthiness(points, ours), trustworthiness(points, np.asarray(theirs, np.float32))


@pytest.mark.parametrize("shape", [(200, 32), (20, 64)])
def test_that_pca_is_scikit_learns_up_to_sign(shape):
    from sklearn.decomposition import PCA

    points = clusters(*shape)[0]
    expected = PCA(2, svd_solver="full").fit_transform(points.astype(np.float64))
    found = pca(points)
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-5)
    assert found.dtype == np.float32


def test_that_pca_keeps_its_sign_when_rows_change_places():
    points = clusters(100)[0]
    np.testing.assert_allclose(pca(points[::-1])[::-1], pca(points), atol=1e-5)


def test_that_axes_taken_from_a_part_of_many_points_are_those_of_all(monkeypatch):
    from vlm_explorer.analysis import projection

    points = clusters(4000)[0]
    whole = pca(points)
    monkeypatch.setattr(projection, "_ROWS_FOR_AXES", 1000)
    monkeypatch.setattr(projection, "_ROWS_AT_ONCE", 300)
    part = pca(points)
    assert all(np.corrcoef(whole[:, axis], part[:, axis])[0, 1] > 0.99 for axis in (0, 1))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("method", ["pca", "umap", "tsne"])
@pytest.mark.parametrize("space", ["raw", "centred", "crossmodal", "images"])
def test_that_few_points_have_finite_places(count, method, space):
    images = clusters(count)[0]
    for texts in (NO_TEXTS, clusters(1, seed=1)[0], clusters(3, seed=1)[0]):
        made = project(ProjectionSpec(method=method, space=space), images, texts)
        xy, text_xy = made.xy, made.text_xy
        assert made.laid_out.all()
        assert xy.shape == (count, 2)
        assert text_xy.shape == (len(texts), 2)
        assert np.isfinite(xy).all()
        assert np.isfinite(text_xy).all()


@pytest.mark.parametrize("space", ["raw", "centred", "crossmodal", "images"])
def test_that_equal_images_lie_on_one_spot_by_pca(space):
    images = np.repeat(clusters(1)[0], 50, axis=0)
    xy = project(ProjectionSpec(method="pca", space=space), images, NO_TEXTS).xy
    np.testing.assert_array_equal(xy, np.zeros((50, 2)))


def test_that_two_points_differ_along_one_axis_only():
    xy = pca(clusters(2)[0])
    assert abs(xy[0, 0] - xy[1, 0]) > 0.1
    np.testing.assert_array_equal(xy[:, 1], 0)


def test_that_umap_is_repeatable_keeps_clusters_apart_and_reports():
    images, which = clusters(300)
    texts = images[:4] + 0.01
    seen = []
    context = JobContext(seen.append, min_interval=0)
    spec = ProjectionSpec(space="raw", n_neighbors=10)
    first = project(spec, images, texts, context=context)
    again = project(spec, images, texts)
    np.testing.assert_array_equal(first.xy, again.xy)
    np.testing.assert_array_equal(first.text_xy, again.text_xy)
    middles = np.stack([first.xy[which == one].mean(axis=0) for one in range(4)])
    nearest_middle = ((first.xy[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest_middle == which).mean() > 0.99
    last = seen[-1]
    assert last.done == last.total
    assert last.message == "Laying out"


@pytest.mark.usefixtures("started_as_users_do")
def test_that_umap_lays_out_duplicates_without_a_warning(capfd):
    images = np.concatenate([np.repeat(clusters(3)[0], 30, axis=0), clusters(30, seed=2)[0]])
    xy = project(ProjectionSpec(space="raw"), images, NO_TEXTS).xy
    alike = project(ProjectionSpec(), np.repeat(images[:1], 40, axis=0), NO_TEXTS).xy
    assert np.isfinite(xy).all()
    assert np.isfinite(alike).all()
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_that_the_layout_is_as_trustworthy_as_umap_learns():
    ours, theirs = run_in_process(trust_of_both, context=JobContext())
    assert theirs > 0.8
    assert ours > theirs - 0.01


def layout_on(threads, *, context):
    points, _ = clusters(700)
    graph = fuzzy_graph(*nearest(points, 15))
    return [optimise(graph, pca(points), 0.1, 7, threads=n, context=context) for n in threads]


def test_that_the_layout_does_not_depend_on_how_many_threads_share_it():
    one, three, again = run_in_process(layout_on, (1, 3, 3), context=JobContext())
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(three, again)


def test_that_umap_stays_out_of_the_program_itself_and_says_nothing():
    script = (
        "import sys, numpy\n"
        "from vlm_explorer.analysis import groups, projection, similarity, umap_layout, zero_shot\n"
        "if __name__ == '__main__':\n"
        "    rows = numpy.random.default_rng(0).normal(size=(30, 8)).astype('float32')\n"
        "    projection.project(projection.ProjectionSpec(), rows, rows[:0])\n"
        "    heavy = {'umap', 'numba', 'torch', 'sklearn'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    command = [sys.executable, "-W", "default", "-c", script]
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_that_cancelling_ends_umaps_process():
    import multiprocessing

    before = set(multiprocessing.active_children())  # codecs' are kept from one test to the next
    context = JobContext(lambda progress: context.cancel(), min_interval=0)
    with pytest.raises(Cancelled):
        project(ProjectionSpec(), clusters(500)[0], NO_TEXTS, context=context)
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.slow
def test_that_the_fuzzy_graph_is_umap_learns():
    assert run_in_process(compare_with_umap_learn, context=JobContext()) < 1e-4


def test_that_a_spec_is_adapted_to_the_number_of_points():
    spec = ProjectionSpec(n_neighbors=15)
    assert spec.for_points(5).method == "pca"
    assert spec.for_points(12).n_neighbors == 11
    assert spec.for_points(1000) == spec


def test_that_settings_that_are_not_there_are_refused():
    with pytest.raises(NotSupported, match="isomap"):
        ProjectionSpec(method="isomap")
    with pytest.raises(NotSupported, match="texts"):
        ProjectionSpec(space="texts")
    with pytest.raises(UsageError):
        ProjectionSpec(perplexity=0.5)
    with pytest.raises(UsageError):
        ProjectionSpec(n_neighbors=1)
    with pytest.raises(UsageError):
        ProjectionSpec(seed=-1)


def test_that_centring_closes_the_gap_between_modalities():
    random = np.random.default_rng(0)
    meanings = random.normal(size=(60, 32))
    images = meanings + 5 * random.normal(size=32)
    texts = meanings + 5 * random.normal(size=32)
    images, texts = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (images, texts))
    raw = space_points(ProjectionSpec(space="raw"), images, texts)
    centred = space_points(ProjectionSpec(space="centred"), images, texts)
    assert modality_gap(*raw) > 0.5
    assert modality_gap(*centred) < 0.1
    np.testing.assert_allclose(np.linalg.norm(np.concatenate(centred), axis=1), 1, atol=1e-5)
    assert (centred[0] @ centred[1].T).argmax(axis=1).tolist() == list(range(60))


def test_that_texts_are_placed_among_the_images_they_resemble():
    images, which = clusters(200)
    xy = np.stack([which * 10.0, which * 0.0], axis=1).astype(np.float32)
    places = place_texts(images[:5], images, xy)
    np.testing.assert_allclose(places[:, 0], which[:5] * 10.0, atol=0.5)


def test_that_the_modality_gap_is_the_distance_of_the_means():
    images, texts = clusters(30)[0], clusters(20, seed=3)[0]
    expected = np.linalg.norm(images.mean(axis=0) - texts.mean(axis=0))
    assert modality_gap(images, texts) == pytest.approx(expected, abs=1e-6)
    assert np.isnan(modality_gap(images, NO_TEXTS))


def test_that_neighbours_are_scikit_learns_with_the_point_itself_first(monkeypatch):
    from sklearn.neighbors import NearestNeighbors

    from vlm_explorer.analysis import neighbours

    points = clusters(150)[0]
    monkeypatch.setattr(neighbours, "_CELLS_AT_ONCE", 1500)
    indices, distances = nearest(points, 6)
    reference = NearestNeighbors(n_neighbors=6, metric="cosine").fit(points)
    expected_distances, expected = reference.kneighbors(points)
    assert indices[:, 0].tolist() == list(range(150))
    np.testing.assert_array_equal(indices[:, 1:], expected[:, 1:])
    np.testing.assert_allclose(distances, expected_distances, atol=2e-6)
    alike, apart = nearest(np.repeat(points[:1], 9, axis=0), 4)
    assert alike[:, 0].tolist() == list(range(9))
    np.testing.assert_array_equal(apart, 0)


def lay_out_by_approximate_neighbours(*, context):
    """Run in a child: points and their layout as of more than are compared one by one, twice."""
    from vlm_explorer.analysis import neighbours, umap_layout

    neighbours.MOST_FOR_EXACT = 100
    points, _ = clusters(600)
    points[50:80] = points[50]
    layouts = [
        umap_layout.umap_coordinates(points, pca(points), 15, 0.1, 42, context=context)
        for _ in range(2)
    ]
    return points, *layouts


def test_that_many_points_are_laid_out_from_approximate_neighbours():
    points, first, again = run_in_process(lay_out_by_approximate_neighbours, context=JobContext())
    np.testing.assert_array_equal(first, again)
    assert trustworthiness(points, first) > 0.9


@pytest.mark.slow
def test_that_approximate_neighbours_are_mostly_the_exact_ones():
    points, _ = clusters(20_000, dimension=16, centres=30, spread=0.6)
    exact = nearest(points, 10)[0]
    indices, distances = nearest_approximately(points, 10, seed=1)
    found = [np.intersect1d(a, b).size for a, b in zip(exact, indices, strict=True)]
    assert np.mean(found) > 9.5
    assert indices[:, 0].tolist() == list(range(20_000))
    assert (np.diff(distances, axis=1) >= 0).all()
    cosine = (points[:, None] * points[indices]).sum(axis=2)
    np.testing.assert_allclose(distances, 1 - cosine, atol=2e-6)


def test_that_approximate_neighbours_are_found_among_many_equal_points(monkeypatch):
    from vlm_explorer.analysis import neighbours

    monkeypatch.setattr(neighbours, "_MOST_CANDIDATES", 300)
    monkeypatch.setattr(neighbours, "_CELLS_AT_ONCE", 30_000)
    points = np.concatenate([np.repeat(clusters(1)[0], 1500, axis=0), clusters(700, seed=1)[0]])
    indices, distances = nearest_approximately(points, 15, seed=0)
    assert indices[:, 0].tolist() == list(range(2200))
    np.testing.assert_array_equal(distances[:1500], 0)
    assert all(len(set(row)) == 15 for row in indices.tolist())


def test_that_neighbours_among_others_are_the_same_whether_all_are_compared_or_the_likely_ones(
    monkeypatch,
):
    from vlm_explorer.analysis import neighbours

    both = clusters(12_900, dimension=16, centres=30, spread=0.6)[0]
    points, others = both[:900], both[900:]
    exact, away = nearest_among(points, others, 10, seed=0)
    expected = np.argsort(-(points @ others.T), axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(exact, expected)
    np.testing.assert_allclose(away, 1 - (points[:, None] * others[exact]).sum(axis=2), atol=2e-6)
    monkeypatch.setattr(neighbours, "MOST_FOR_EXACT", 100)
    likely, _ = nearest_among(points, others, 10, seed=0)
    shared = [np.intersect1d(a, b).size for a, b in zip(exact, likely, strict=True)]
    assert np.mean(shared) > 9


def test_that_beyond_so_many_points_the_others_are_placed_by_their_neighbours(monkeypatch):
    images, which = clusters(900, centres=6)
    texts = clusters(300, centres=6)[0]
    monkeypatch.setattr(landmarks, "LANDMARKS", 400)
    made = project(ProjectionSpec(space="raw"), images, texts)
    again = project(ProjectionSpec(space="raw"), images, texts)
    np.testing.assert_array_equal(made.xy, again.xy)
    np.testing.assert_array_equal(made.laid_out, again.laid_out)
    assert made.laid_out.sum() == 300  # images and texts in proportion
    assert np.isfinite(made.text_xy).all()
    middles = np.stack([made.xy[made.laid_out & (which == one)].mean(axis=0) for one in range(6)])
    mine = ((made.xy[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
    assert (mine == which)[~made.laid_out].mean() > 0.98
    judgement = judge(images, made.xy)
    assert judgement.of(~made.laid_out).points == 600
    assert judgement.of(~made.laid_out).trustworthiness > 0.9
    assert project(ProjectionSpec("pca", "raw"), images, texts).laid_out.all()


def test_that_a_point_between_two_groups_is_placed_in_the_one_that_holds_more_of_its_neighbours():
    xy = np.array([[0, 0]] * 9 + [[10, 0]] * 6, np.float32) + np.linspace(0, 0.1, 15)[:, None]
    found = np.arange(15)[None], np.full((1, 15), 0.2, np.float32)
    place = landmarks.settle(found, xy.astype(np.float32))
    assert place[0, 0] < 0.5
    alone = landmarks.settle((np.array([[3]]), np.array([[0.5]], np.float32)), xy.astype("f4"))
    np.testing.assert_allclose(alone[0], xy[3], atol=1e-6)


def test_that_texts_of_the_crossmodal_space_lie_where_their_images_do():
    images, _ = clusters(300)
    texts = images[:20] + 0.3  # on the other side of a gap
    made = project(ProjectionSpec("pca", "crossmodal"), images, texts)
    alone = project(ProjectionSpec("pca", "images"), images, NO_TEXTS)
    np.testing.assert_array_equal(made.xy, alone.xy)
    np.testing.assert_allclose(made.text_xy, place_texts(texts, images, made.xy), atol=1e-6)


@pytest.mark.slow
def test_that_tsne_is_repeatable_and_keeps_clusters_apart_and_reports():
    images, which = clusters(300)
    seen = []
    context = JobContext(seen.append, min_interval=0)
    spec = ProjectionSpec("tsne", "raw", perplexity=15)
    first = project(spec, images, NO_TEXTS, context=context).xy
    np.testing.assert_array_equal(first, project(spec, images, NO_TEXTS).xy)
    middles = np.stack([first[which == one].mean(axis=0) for one in range(4)])
    assert ((((first[:, None] - middles) ** 2).sum(axis=2)).argmin(axis=1) == which).mean() > 0.99
    assert seen[-1].done == seen[-1].total
    assert len({progress.done for progress in seen}) > 3  # a busy machine skips some


def opentsne_itself(*, context):
    """Run in a child: the trust of our t-SNE and of openTSNE's own, of the same points."""
    from openTSNE import TSNE

    from vlm_explorer.analysis.tsne_layout import tsne_coordinates

    points, _ = clusters(800, centres=12, spread=0.6)
    ours = tsne_coordinates(points, pca(points), 30.0, 42, context=context)
    theirs = TSNE(metric="cosine", random_state=42, neighbors="exact").fit(points)
    return trustworthiness(points, ours), trustworthiness(points, np.asarray(theirs, np.float32))


@pytest.mark.slow
def test_that_tsne_is_as_trustworthy_as_opentsnes_own():
    ours, theirs = run_in_process(opentsne_itself, context=JobContext())
    assert theirs > 0.9
    assert ours > theirs - 0.01


@pytest.mark.skipif(pacmap_is_here(), reason="PaCMAP is installed")
def test_that_pacmap_says_what_to_install_where_it_is_missing():
    with pytest.raises(NotSupported) as raised:
        project(ProjectionSpec("pacmap", "raw"), clusters(100)[0], NO_TEXTS)
    assert "pip install 'vlm-explorer[pacmap]'" in raised.value.hint


@pytest.mark.skipif(not pacmap_is_here(), reason="PaCMAP is not installed")
def test_that_pacmap_is_repeatable_and_keeps_clusters_apart():
    images, which = clusters(300)
    spec = ProjectionSpec("pacmap", "raw", n_neighbors=10)
    first = project(spec, images, NO_TEXTS).xy
    np.testing.assert_array_equal(first, project(spec, images, NO_TEXTS).xy)
    middles = np.stack([first[which == one].mean(axis=0) for one in range(4)])
    assert ((((first[:, None] - middles) ** 2).sum(axis=2)).argmin(axis=1) == which).mean() > 0.99
