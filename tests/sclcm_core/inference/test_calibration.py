import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from scipy.optimize import minimize

from sclcm_core.errors import CalibrationError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.calibration import LabelledBlock, block_share, calibrate
from sclcm_core.inference.onnx_graph import embedding_tensors
from sclcm_core.inference.onnx_runtime import OnnxEmbedder, OnnxPredictor
from sclcm_core.inference.personal_bundle import PersonalPart, find_parent, write_personal_bundle
from sclcm_core.inference.personal_head import PRIOR_SD, fit_head
from tests.tiny_bundle import SPEC, write_bundle

SHIPPED = sorted((Path(__file__).parents[3] / "assets" / "models").glob("*.onnx"))
WORKLOAD = next(path for path in SHIPPED if path.stem == "workload-eegmat")


@pytest.fixture
def tiny(tmp_path: Path) -> Bundle:
    return load_bundle(write_bundle(tmp_path))


def made_blocks(rng: np.random.Generator, labels: list[str], effect: float, spec=SPEC, n: int = 8) -> list[LabelledBlock]:
    """Blocks whose classes differ by a pattern that the tiny network's own head cannot see: its mean is zero."""
    pattern = np.where(np.arange(spec.n_bands) % 2, 1.0, -1.0)[:, None, None]
    pattern -= pattern.mean()
    signs = dict(zip(dict.fromkeys(labels), (1.0, -1.0, 0.0), strict=False))
    return [
        LabelledBlock(
            label, f"{label}-{k}", (signs[label] * effect * pattern + rng.normal(0, 1, (n, *spec.input_shape))).astype("f4")
        )
        for k, label in enumerate(labels)
    ]


ABBA = ["loud", "quiet", "quiet", "loud"] * 3


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_bundle_shows_its_embedding_and_keeps_its_logits_bit_for_bit(path: Path, rng) -> None:
    embedder, plain = OnnxEmbedder(path), OnnxPredictor(path)
    features = rng.standard_normal((5, *plain.input_shape[1:])).astype(np.float32)
    logits, embedding = embedder.outputs(features)
    assert np.array_equal(logits, plain.logits(features))
    assert embedding.shape[1] >= 64 and embedding.std() > 0


def test_the_posterior_mode_is_that_of_a_general_optimiser(rng) -> None:
    x, label = rng.standard_normal((40, 3)), rng.integers(3, size=40)
    prior, weight = rng.standard_normal((40, 3)), rng.uniform(0.2, 1.0, 40)
    head = fit_head(prior, x, label, weight)
    share = weight / weight.sum()
    sd = np.sqrt(share @ (x - share @ x) ** 2)
    x_unit = (x - share @ x) / sd

    def loss(flat: np.ndarray) -> float:
        w = flat.reshape(4, 3)
        z = prior + x_unit @ w[:3] + w[3]
        log_likelihood = weight @ (z[np.arange(40), label] - np.log(np.exp(z).sum(axis=1)))
        return -log_likelihood + 0.5 * (3 / PRIOR_SD**2) * np.square(w[:3]).sum() + 0.5 / 4 * np.square(w[3]).sum()

    best = minimize(loss, np.zeros(12), tol=1e-12).x.reshape(4, 3)
    np.testing.assert_allclose(head.weight * sd[:, None], best[:3], atol=1e-4)
    np.testing.assert_allclose(head.logits(prior, x), prior + x_unit @ best[:3] + best[3], atol=1e-3)


def test_windows_that_weigh_nothing_leave_the_head_that_is_there(rng) -> None:
    x, prior = rng.standard_normal((20, 5)), rng.standard_normal((20, 2))
    head = fit_head(prior, x, np.arange(20) % 2, np.full(20, 1e-9))
    np.testing.assert_allclose(head.logits(prior, x), prior, atol=1e-6)


def test_what_the_old_head_cannot_see_is_learnt_and_accepted(tiny: Bundle, rng) -> None:
    result = calibrate(OnnxEmbedder(tiny.path), tiny.manifest, made_blocks(rng, ABBA, 0.6))
    assert result.is_accepted and result.held_out.value > 0.9 > result.parent.value
    assert result.held_out.low > 0.5 and result.caveats == ()
    assert "on held-out blocks" in result.sentence and "chance 50%, 12 blocks" in result.sentence


def test_noise_is_not_applied_in_nineteen_of_twenty_calibrations(tiny: Bundle) -> None:
    embedder = OnnxEmbedder(tiny.path)
    results = [calibrate(embedder, tiny.manifest, made_blocks(np.random.default_rng(seed), ABBA, 0.0)) for seed in range(20)]
    assert sum(result.is_accepted for result in results) <= 1
    assert any("Not better than chance: not applied" in result.sentence for result in results)


def test_blocks_are_held_out_and_never_windows(tiny: Bundle, rng) -> None:
    # each block has a level of its own and no class has: windows of one block would tell of the others
    levels = rng.normal(0, 5, (12, *SPEC.input_shape))
    blocks = [
        LabelledBlock(label, str(k), (levels[k] + rng.normal(0, 0.1, (20, *SPEC.input_shape))).astype("f4"))
        for k, label in enumerate(ABBA)
    ]
    result = calibrate(OnnxEmbedder(tiny.path), tiny.manifest, blocks)
    assert result.held_out.low < 0.5


def test_who_knows_a_clip_again_is_not_better_than_chance(tiny: Bundle) -> None:
    def accepted(seed: int, name: str) -> bool:
        rng = np.random.default_rng(seed)
        clips = rng.normal(0, 1.5, (4, *SPEC.input_shape))  # each with a pattern of its own; the classes have none
        blocks = [
            LabelledBlock(
                ("loud", "quiet")[k % 2],
                name.format(clip=k % 4, time=k // 4),
                (clips[k % 4] + rng.normal(0, 1, (8, *SPEC.input_shape))).astype("f4"),
            )
            for k in rng.permutation(16)
        ]
        return calibrate(OnnxEmbedder(tiny.path), tiny.manifest, blocks).is_accepted

    assert sum(accepted(seed, "block {clip} {time}") for seed in range(12)) > 8
    assert sum(accepted(seed, "clip {clip}#{time}") for seed in range(12)) <= 4


def test_the_showings_of_a_clip_are_one_observation_of_the_interval(tiny: Bundle, rng) -> None:
    blocks = made_blocks(rng, ABBA + ABBA[:4], 3.0)
    shown = [replace(block, name=f"{block.label} {k // 2 % 2}#{k}") for k, block in enumerate(blocks)]
    alone, together = (calibrate(OnnxEmbedder(tiny.path), tiny.manifest, found) for found in (blocks, shown))
    assert alone.held_out.value == together.held_out.value == 1.0
    assert alone.held_out.low == pytest.approx(16 / (16 + 1.96**2), abs=1e-3)
    assert together.held_out.low == pytest.approx(4 / (4 + 1.96**2), abs=1e-3)
    assert alone.sentence.count("16 blocks; ") == together.sentence.count("16 blocks of 4 stimuli; ") == 1


def test_classes_of_ones_own_replace_those_of_the_model(tiny: Bundle, rng, tmp_path: Path) -> None:
    blocks = made_blocks(rng, ["left", "right", "rest"] * 4, 0.8)
    result = calibrate(OnnxEmbedder(tiny.path), tiny.manifest, blocks)
    assert result.class_names == ("left", "right", "rest") and result.parent is None and result.chance == pytest.approx(1 / 3)
    own = write_personal_bundle(
        tiny, PersonalPart("mine", "2026-01-02T10:00", "", result=result, blocks=blocks), tmp_path / "mine.onnx"
    )
    assert own.manifest.class_names == ("left", "right", "rest")
    answers = own.predictor.logits(blocks[0].features).argmax(axis=1)
    assert (answers == 0).mean() > 0.7


@pytest.mark.parametrize("labels", [["loud"] * 4, ["loud", "loud", "quiet"], []])
def test_too_few_blocks_are_refused_with_their_number(tiny: Bundle, rng, labels: list[str]) -> None:
    with pytest.raises(CalibrationError, match=r"class"):
        calibrate(OnnxEmbedder(tiny.path), tiny.manifest, made_blocks(rng, labels, 1.0))


def test_blocks_in_the_order_of_the_classes_are_a_caveat(tiny: Bundle, rng) -> None:
    result = calibrate(OnnxEmbedder(tiny.path), tiny.manifest, made_blocks(rng, ["loud"] * 4 + ["quiet"] * 4, 1.0))
    assert "drifts with time" in result.caveats[0]


def test_the_interval_is_wilsons_over_blocks() -> None:
    right = np.repeat([True] * 10 + [False] * 2, 7)
    share = block_share(right, np.repeat(np.arange(12), 7), np.repeat(np.arange(12) % 2, 7))
    assert (share.value, share.low, share.high) == pytest.approx((10 / 12, 0.5520, 0.9530), abs=1e-4)


def test_a_personal_bundle_says_what_its_head_says_and_remembers_where_it_came_from(rng, tmp_path: Path) -> None:
    parent = load_bundle(WORKLOAD)
    spec, before = parent.manifest.features, WORKLOAD.read_bytes()
    embedder = OnnxEmbedder(parent.path)
    labels = ["rest", "mental arithmetic", "mental arithmetic", "rest"] * 2
    blocks = made_blocks(rng, labels, 0.5, spec)
    rest = Normaliser.fit(rng.normal(0.3, 1.2, (60, spec.n_bands, spec.n_columns)))
    result = calibrate(embedder, parent.manifest, blocks, rest)
    own = write_personal_bundle(
        parent, PersonalPart("ada", "2026-01-02T10:00", "two minutes", rest, 60.0, result, blocks), tmp_path / "ada.onnx"
    )
    onnx.checker.check_model(onnx.load(own.path), full_check=True)
    features = own.manifest.normaliser.normaliser().transform(np.moveaxis(blocks[0].features, -1, 1))
    features = np.moveaxis(features, 1, -1)
    logits, embedding = embedder.outputs(features)
    expected = result.head.logits(logits / parent.manifest.trust(has_baseline=True).temperature, embedding)
    np.testing.assert_allclose(own.predictor.logits(features), expected, rtol=1e-4, atol=1e-4)
    (record,) = own.manifest.calibration
    assert (record.parent, record.parent_sha256, record.protocol) == ("workload-eegmat", parent.sha256, "two minutes")
    assert len(record.blocks) == 8 and record.held_out[0] == result.held_out.value
    assert WORKLOAD.read_bytes() == before
    assert find_parent(own.manifest, SHIPPED).sha256 == parent.sha256
    with pytest.raises(CalibrationError, match=r"has a personal head already.*Calibrate 'workload-eegmat'"):
        write_personal_bundle(own, PersonalPart("twice", "2026", "", result=result), tmp_path / "twice.onnx")


def test_rest_alone_makes_a_bundle_with_the_persons_normaliser(tiny: Bundle, rng, tmp_path: Path) -> None:
    rest = Normaliser.fit(rng.normal(2.0, 3.0, (40, SPEC.n_bands, SPEC.n_columns)))
    own = write_personal_bundle(tiny, PersonalPart("mine", "2026-01-02", "", rest, 20.0), tmp_path / "deep" / "mine.onnx")
    np.testing.assert_array_equal(own.manifest.normaliser.normaliser().mean, rest.mean)
    assert own.manifest.calibration[0].kind == "baseline" and own.manifest.class_names == tiny.manifest.class_names
    assert embedding_tensors(own.path.read_bytes()) == ("flat",)


def test_undoing_without_the_parent_at_hand_says_which_one_is_missing(tiny: Bundle, rng, tmp_path: Path) -> None:
    rest = Normaliser.fit(rng.normal(2.0, 3.0, (40, SPEC.n_bands, SPEC.n_columns)))
    own = write_personal_bundle(tiny, PersonalPart("mine", "2026-01-02", "", rest, 20.0), tmp_path / "mine.onnx")
    with pytest.raises(CalibrationError, match=r"'tiny' \(sha256 .*is not at hand"):
        find_parent(own.manifest, [])
    with pytest.raises(CalibrationError, match="was not calibrated"):
        find_parent(tiny.manifest, [])


def test_a_fit_with_its_held_out_blocks_takes_less_than_a_second(rng) -> None:
    parent = load_bundle(WORKLOAD)
    blocks = made_blocks(rng, ["rest", "mental arithmetic"] * 6, 0.3, parent.manifest.features, n=20)
    embedder = OnnxEmbedder(parent.path)
    started = time.process_time()
    calibrate(embedder, parent.manifest, blocks)
    assert time.process_time() - started < 1.0
