import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from offline.config import QuantizeConfig
from offline.quantize.compare import compare_files, measure_latency, shortfalls
from offline.quantize.export import export_network
from offline.quantize.oracle import oracle_logits, quantize_symmetric
from offline.quantize.static_int8 import calibration_windows, outer_layers, quantize_int8
from offline.training.inputs import normalised, population_normaliser
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.models import ClassifierHead, Ensemble, SclcmClassifier, SclcmEncoder

SHAPE = (5, 4, 12)


def network(layout="1d", pooling="flatten", n_members=1, n_hidden=24):
    generator = torch.Generator().manual_seed(5)
    torch.manual_seed(6)
    members = []
    for _ in range(n_members):
        encoder = SclcmEncoder(SHAPE, layout=layout, widths=(16, 24), n_embedding=16, pooling=pooling)
        members.append(SclcmClassifier(encoder, ClassifierHead(16, 3, n_hidden=n_hidden)))
    made = Ensemble(members).train()
    for _ in range(10):
        made(torch.randn(64, *SHAPE, generator=generator) + 0.3)
    return made.eval()


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(0).standard_normal((200, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory, features):
    folder = tmp_path_factory.mktemp("networks")
    export_network(network(), SHAPE, folder / "float.onnx")
    quantize_int8(folder / "float.onnx", folder / "int8.onnx", features)
    return folder / "float.onnx", folder / "int8.onnx"


@pytest.mark.parametrize(
    ("layout", "pooling", "n_members", "n_hidden"),
    [
        ("1d", "flatten", 1, 24),
        ("2d", "mean", 2, 24),
        pytest.param("1d", "mean", 3, 0, marks=pytest.mark.slow),
        pytest.param("1d", "flatten", 2, 24, marks=pytest.mark.slow),
    ],
)
def test_an_exported_network_answers_as_torch_does_for_any_number_of_windows(
    layout, pooling, n_members, n_hidden, features, tmp_path
):
    made = network(layout, pooling, n_members, n_hidden)
    export_network(made, SHAPE, tmp_path / "x.onnx")
    predictor = OnnxPredictor(tmp_path / "x.onnx")
    for n in (1, 7, 200):
        with torch.no_grad():
            expected = made(torch.from_numpy(features[:n])).numpy()
        np.testing.assert_allclose(predictor.logits(features[:n]), expected, atol=1e-5)


def test_an_ensemble_is_exported_side_by_side(features, tmp_path):
    export_network(network("1d", "mean", 3), SHAPE, tmp_path / "x.onnx")
    convolutions = [node for node in onnx.load(str(tmp_path / "x.onnx")).graph.node if node.op_type == "Conv"]
    groups = [next(a.i for a in node.attribute if a.name == "group") for node in convolutions]
    assert groups == [1, 3, 3, 3]
    quantize_int8(tmp_path / "x.onnx", tmp_path / "q.onnx", features)
    fast, slow = OnnxPredictor(tmp_path / "q.onnx").logits(features), oracle_logits(tmp_path / "q.onnx", features)
    assert np.mean(np.abs(fast - slow) < 1e-5) > 0.99


def test_an_exported_file_names_no_folder_of_this_machine(files):
    for path in files:
        assert b"site-packages" not in path.read_bytes()
        assert b"/home" not in path.read_bytes()
        assert b".py" not in path.read_bytes()


def test_batchnorm_is_folded(files):
    kinds = {node.op_type for node in onnx.load(str(files[0])).graph.node}
    assert kinds == {"Conv", "Relu", "MaxPool", "Reshape", "Gemm"}


def test_weights_are_symmetric_absolute_maximum_per_output_channel(files):
    graph = onnx.load(str(files[1])).graph
    tensors = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    weights = {name: q for name, q in tensors.items() if q.dtype == np.int8 and q.ndim > 1}
    assert len(weights) == 5
    floats = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(files[0])).graph.initializer}
    for name, q in weights.items():
        w = floats[name.removesuffix("_quantized")]
        scale = tensors[name.removesuffix("_quantized") + "_scale"]
        axes = tuple(range(1, w.ndim))
        np.testing.assert_allclose(scale, np.abs(w).max(axis=axes) / 127, rtol=1e-5)
        assert q.min() >= -127
    assert all((zero == 0).all() for name, zero in tensors.items() if name.endswith("zero_point"))


def test_the_runtime_agrees_with_the_numpy_oracle(files, features):
    fast, slow = OnnxPredictor(files[1]).logits(features), oracle_logits(files[1], features)
    steps = np.diff(np.unique(slow))
    one_step = steps[steps > 1e-6].min()
    assert np.abs(fast - slow).max() <= one_step * 1.01
    assert np.mean(np.abs(fast - slow) < 1e-5) > 0.99
    assert np.array_equal(fast.argmax(axis=1), slow.argmax(axis=1))


def test_the_oracle_computes_float_networks_too(files, features):
    np.testing.assert_allclose(oracle_logits(files[0], features), OnnxPredictor(files[0]).logits(features), atol=1e-5)


def test_the_published_quantization_example():
    values = np.array([0.5, -1.27, 0.02])
    assert quantize_symmetric(values, np.abs(values).max() / 127).tolist() == [50, -127, 2]


def test_quantizing_twice_gives_the_same_file(files, features, tmp_path):
    quantize_int8(files[0], tmp_path / "again.onnx", features)
    assert (tmp_path / "again.onnx").read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("activations", ["percentile", "affine"])
def test_other_ranges_answer_much_the_same(activations, files, features, tmp_path):
    quantize_int8(files[0], tmp_path / "p.onnx", features, activations=activations)
    assert (
        np.mean(
            OnnxPredictor(tmp_path / "p.onnx").logits(features).argmax(1) == OnnxPredictor(files[0]).logits(features).argmax(1)
        )
        > 0.9
    )


def test_the_outer_layers_can_stay_float(files, features, tmp_path):
    keep = outer_layers(files[0])
    quantize_int8(files[0], tmp_path / "mixed.onnx", features, keep_float=keep)
    int8 = [t.name for t in onnx.load(str(tmp_path / "mixed.onnx")).graph.initializer if t.name.endswith("_quantized")]
    assert len(keep) == 2
    assert len([name for name in int8 if "weight" in name]) == 3
    float_logits, mixed, whole = (OnnxPredictor(p).logits(features) for p in (files[0], tmp_path / "mixed.onnx", files[1]))
    assert np.abs(mixed - float_logits).mean() < np.abs(whole - float_logits).mean()


def test_a_comparison_measures_agreement_size_and_time(files, windows, make_windows):
    from sclcm_core.features.spec import FeatureSpec

    spec = FeatureSpec(ch_names=("F3", "F4", "T7", "T8"), sfreq=128.0, n_frames=12)
    made = make_windows(n_classes=3, spec=spec)
    every = np.arange(len(made))
    inputs = normalised(made, every, "population", population_normaliser(made, every))
    comparison = compare_files(*files, inputs, 3, "everybody")
    assert comparison.agreement > 0.95
    assert 0 < comparison.size_ratio < 1
    assert 0 < comparison.int8_latency.p50_us <= comparison.int8_latency.p99_us


def test_shortfalls_are_named_with_figure_and_bound():
    config = QuantizeConfig()
    assert shortfalls(0.0, 0.99, 0.27, config) == []
    problems = shortfalls(0.03, 0.9, 0.4, config)
    assert ["3.0 points" in problems[0], "90.0 % same answers" in problems[1], "40 % of the float file" in problems[2]] == [
        True
    ] * 3


def test_calibration_windows_come_from_every_class_and_person_alike(windows):
    train = np.flatnonzero(windows.subject < 4)
    population = population_normaliser(windows, train)
    lines = [normalised(windows, train, line, population) for line in ("population", "personal")]
    chosen = calibration_windows(lines, 32, np.random.default_rng(0))
    assert chosen.shape == (32, *windows.spec.input_shape)
    rows = {
        inputs.features[k].tobytes(): (line, inputs.subject[k], inputs.label[k])
        for line, inputs in enumerate(lines)
        for k in range(len(inputs))
    }
    found = [rows[window.tobytes()] for window in chosen]
    assert {found.count(key) for key in set(found)} == {2}
    assert len(set(found)) == 16


def test_latency_is_measured_one_window_at_a_time(files, features):
    latency = measure_latency(OnnxPredictor(files[0]), features)
    assert 0 < latency.p50_us < 1e5
