"""From a trained space to words in the live program."""

import io
import json

import numpy as np
import pytest
import torch

from app.headless import PredictionPrinter
from app.main import _matcher
from offline.config import RunConfig
from offline.finetune.word_table import word_stats
from offline.quantize.export import export_network
from offline.seeds import Seed
from offline.training.networks import build_classifier, build_encoder
from sclcm_core.errors import ConfigError
from sclcm_core.inference.bundle import embed_manifest, load_bundle
from sclcm_core.inference.pipeline import Pipeline
from sclcm_core.inference.sentence_encoder import HASHED
from sclcm_core.inference.words import WordMatcher
from sclcm_core.models import Ensemble
from tests.tiny_bundle import manifest, network

OPTIONS = {"encoder": HASHED, "class_words": [["happy", "glad"], ["sad"]], "n_space": 8}


@pytest.fixture(scope="module")
def config():
    return RunConfig.model_validate(
        {
            "name": "tiny",
            "title": "Tiny",
            "dataset": {"name": "simulated"},
            "features": {"ch_names": ["T7", "T8"], "sfreq": 128.0, "n_frames": 8},
            "encoder": {"widths": [8, 12], "n_embedding": 16},
            "finetune": {"method": "eegclip", "options": OPTIONS},
        }
    )


@pytest.fixture(scope="module")
def speaking(config):
    torch.manual_seed(0)
    found = build_classifier(config, build_encoder(config, Seed(1)), 2, Seed(1))
    with torch.no_grad():
        found.head.centre.normal_(0, 0.1)
        found.head.prompts.normal_()
    found.head.settle_prompts()
    return Ensemble([found]).eval()


@pytest.fixture(scope="module")
def bundle(speaking, config, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("words")
    export_network(speaking, config.features.input_shape, tmp_path / "network.onnx")
    said = manifest(config.features, words=word_stats(speaking, config).model_dump(), class_names=("happy", "sad"))
    embed_manifest(tmp_path / "network.onnx", said, tmp_path / "bundle.onnx")
    return load_bundle(tmp_path / "bundle.onnx")


def test_stored_words_are_those_of_prompts_and_states_and_captions_are_known(bundle):
    table = bundle.manifest.words.table()
    assert table.words[:3] == ("happy", "glad", "sad") and "thrilled" in table.words
    assert table.in_captions == {"happy", "glad", "sad"}


def test_the_bundle_says_where_a_window_lies_as_the_network_does(bundle, speaking, config):
    x = np.random.default_rng(0).normal(size=(3, *config.features.input_shape)).astype(np.float32)
    logits, places = bundle.predictor.outputs(x)
    member = speaking.members[0]
    with torch.no_grad():
        np.testing.assert_allclose(places, member.head.place(member.encoder(torch.from_numpy(x))).numpy(), atol=1e-5)
    np.testing.assert_allclose(logits, bundle.predictor.logits(x), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1.0, atol=1e-5)


def test_live_predictions_carry_their_place_and_words_are_printed(bundle, rng):
    pipeline = Pipeline(bundle.manifest, bundle.predictor, 128.0)
    samples = rng.standard_normal((1280, 2)).cumsum(axis=0).astype(np.float32)
    predictions = pipeline.advance(samples, np.arange(1280) / 128.0, 0.0)
    assert predictions[0].withheld and predictions[0].embedding is None
    assert predictions[-1].embedding.shape == (8,)
    out = io.StringIO()
    printer = PredictionPrinter(out, as_json=True, matcher=WordMatcher(bundle.manifest.words.table(), ["sad", "gloomy"]))
    for prediction in predictions:
        printer.prediction(prediction)
    first, *_, last = [json.loads(line) for line in out.getvalue().splitlines()]
    assert first["words"] == {} and set(last["words"]) == {"sad", "gloomy"}
    assert all(-1 <= value <= 1 for value in last["words"].values())


def test_a_network_without_a_space_has_no_words(make_config, tmp_path):
    config = make_config()
    plain = build_classifier(config, build_encoder(config, Seed(1)), 2, Seed(1))
    assert word_stats(Ensemble([plain]), config) is None
    embed_manifest(network(tmp_path / "network.onnx"), manifest(), tmp_path / "tiny.onnx")
    tiny = load_bundle(tmp_path / "tiny.onnx")
    assert not tiny.predictor.has_embedding

    class Asked:
        words = "calm"

    with pytest.raises(ConfigError, match="matches no words"):
        _matcher(Asked(), tiny)
