import time

import numpy as np
import pytest

from sclcm_core.errors import BundleError
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.manifest import TypicalityStats
from sclcm_core.inference.pipeline import Pipeline
from sclcm_core.inference.typicality import fit_typicality, mean_frames
from tests.tiny_bundle import SPEC, manifest, write_bundle

N_FEATURES = SPEC.n_bands * SPEC.n_columns
STATS = {
    "centre": [0.0] * N_FEATURES,
    "directions": [[1.0] + [0.0] * (N_FEATURES - 1)],
    "spreads": [1.0],
    "rest_spread": 1.0,
    "distances": list(np.linspace(0, 4, 101)),
}


def people(n_people, n_each, seed=0, n_features=30, n_shared=6):
    """Windows that differ in a few directions much and in the others little; people have their own level."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(n_shared, n_features))
    level = 0.3 * rng.normal(size=(n_people, n_features))
    subject = np.repeat(np.arange(n_people), n_each)
    return rng.normal(size=(len(subject), n_shared)) @ mixing + level[subject] + 0.3 * rng.normal(
        size=(len(subject), n_features)
    ), subject


def test_new_people_like_the_training_people_are_typical_in_the_median():
    model = fit_typicality(*people(20, 60))
    fresh, _ = people(20, 60, seed=1)
    found = model.typicality(fresh)
    assert np.median(found) == pytest.approx(0.5, abs=0.1)
    assert np.mean(found < 0.05) == pytest.approx(0.05, abs=0.04)


def test_what_was_never_seen_is_unlike_everything():
    frames, subject = people(10, 60)
    model = fit_typicality(frames, subject)
    against_the_grain = frames.mean(axis=0) + 3 * np.random.default_rng(5).normal(size=(50, frames.shape[1]))
    assert model.typicality(against_the_grain).max() == 0.0
    assert model.typicality(frames.mean(axis=0)[None])[0] == 1.0


def test_with_every_direction_kept_it_is_the_distance_of_mahalanobis():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(400, 5)) @ rng.normal(size=(5, 5))
    model = fit_typicality(frames, np.arange(400) % 4)
    gaps = frames - frames.mean(axis=0)
    slow = np.sqrt(np.einsum("ij,jk,ik->i", gaps, np.linalg.inv(np.cov(frames, rowvar=False)), gaps) / 5)
    np.testing.assert_allclose(model.distance(frames), slow, rtol=1e-6)


def test_one_person_alone_cannot_say_what_is_typical():
    with pytest.raises(ValueError, match="at least two people"):
        fit_typicality(np.zeros((5, 3)), np.zeros(5))


def test_live_windows_carry_the_typicality_of_their_features(tmp_path):
    bundle = load_bundle(write_bundle(tmp_path, typicality=STATS))
    samples = np.random.default_rng(0).standard_normal((1024, 2)).cumsum(axis=0).astype(np.float32)
    predictions = Pipeline(bundle.manifest, bundle.predictor, 128.0).advance(samples, np.arange(1024) / 128, 0.0)
    answered = [p for p in predictions if p.withheld is None]
    frames = np.stack([p.frame.values for p in predictions[-SPEC.n_frames :]])
    expected = bundle.manifest.typicality.model().typicality(mean_frames(np.moveaxis(frames, 0, -1)[None]))
    assert answered[-1].typicality == pytest.approx(expected[0])
    assert all(p.typicality is None for p in predictions if p.withheld)


def test_a_bundle_without_it_says_nothing(tmp_path):
    bundle = load_bundle(write_bundle(tmp_path))
    samples = np.random.default_rng(0).standard_normal((1024, 2)).cumsum(axis=0).astype(np.float32)
    predictions = Pipeline(bundle.manifest, bundle.predictor, 128.0).advance(samples, np.arange(1024) / 128, 0.0)
    assert {p.typicality for p in predictions} == {None}


def test_trust_follows_the_normaliser_in_use():
    made = manifest(
        typicality=STATS, temperature=2.0, personal={"temperature": 3.0, "typicality": STATS | {"rest_spread": 9.0}}
    )
    assert made.trust(has_baseline=False).temperature == 2.0
    assert made.trust(has_baseline=True).typicality.rest_spread == 9.0
    older = manifest(typicality=STATS, temperature=2.0, abstention=[{"risk": 0.1, "confidence": 0.8, "coverage": 0.5}])
    assert older.trust(has_baseline=True).temperature == 2.0
    assert (older.trust(has_baseline=True).typicality, older.trust(has_baseline=True).abstention) == (None, ())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"centre": [0.0]}, "as spreads and centre are long"),
        ({"spreads": [0.0]}, "spreads must be positive"),
        ({"distances": [2.0, 1.0]}, "distances ascending"),
        ({"centre": [0.0], "directions": [[1.0]]}, f"must have {N_FEATURES} entries"),
    ],
)
def test_statistics_that_do_not_fit_together_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        manifest(typicality=STATS | change)


def test_a_live_window_costs_microseconds():
    frames, subject = people(10, 100, n_features=95)
    model = TypicalityStats.model_validate(_as_stats(fit_typicality(frames, subject))).model()
    one = frames[:1]
    started = time.perf_counter()
    for _ in range(200):
        model.typicality(one)
    assert (time.perf_counter() - started) / 200 < 1e-3


def _as_stats(model):
    return {
        "centre": model.centre.tolist(),
        "directions": model.directions.tolist(),
        "spreads": model.spreads.tolist(),
        "rest_spread": model.rest_spread,
        "distances": model.distances.tolist(),
    }


def test_an_error_names_the_entry(tmp_path):
    with pytest.raises(BundleError, match="typicality"):
        bundle = write_bundle(tmp_path)
        bundle.write_bytes(bundle.read_bytes().replace(b'"typicality":null', b'"typicality":1234'))
        load_bundle(bundle)
