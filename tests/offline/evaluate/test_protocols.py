from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from offline.config import load_config
from offline.datasets.dataset import RecordingFrames
from offline.datasets.registry import find_dataset
from offline.datasets.splits import make_folds
from offline.datasets.window_set import cut_windows
from offline.evaluate.protocols import DISJOINT, ORIGINAL, PEOPLE, UNSELECTED, protocol_variants
from offline.evaluate.protocols_report import gap_sentences, protocol_rows, protocols_html, simulated_settings
from offline.stages import evaluate_variants, protocol_text
from offline.training.inputs import normalised, population_normaliser, standardised
from sclcm_core.errors import ConfigError, DatasetError

DATA = {"name": "simulated", "options": {"n_subjects": 5, "n_stimuli": 9, "trial_s": 8.0, "rest_s": 8.0}}


def _config(make_config, **changes):
    original = {"test_subjects": ["01", "02"]}
    return make_config(lines=["population"], dataset=DATA, original=original, **changes)


def test_a_recipe_is_run_under_four_protocols_for_each_set_of_channels(make_config):
    features = {"ch_names": ["F3", "F4", "T7", "T8"], "sfreq": 128.0, "n_frames": 8}
    variants = protocol_variants(_config(make_config, features=features), [features["ch_names"], ["T7", "T8"]], epochs=2)
    names = [variant.name for variant in variants]
    assert names == [f"{p}, {n} channels" for n in (4, 2) for p in (ORIGINAL, UNSELECTED, PEOPLE, DISJOINT)]
    assert [v.config.lines for v in variants[:4]] == [("window",), ("window",), ("population",), ("population",)]
    assert variants[5].config.features.ch_names == ("T7", "T8")
    assert {variant.config.finetune.epochs for variant in variants} == {2}


def test_a_recipe_that_pretrains_is_put_beside_the_same_network_that_does_not(make_config):
    pretrain = {"epochs": 1, "n_groups": 4, "n_items": 2}
    variants = protocol_variants(_config(make_config, pretrain=pretrain))
    assert [variant.pretrained for variant in variants] == [True, False] * 4
    for with_it, without in zip(variants[::2], variants[1::2], strict=True):
        assert without.config.pretrain is None
        assert without.config.finetune == with_it.config.finetune
        assert without.config.evaluate.options == with_it.config.evaluate.options
        assert without.name == f"{with_it.name}, from scratch"


def test_a_recipe_without_an_original_is_refused(make_config):
    with pytest.raises(ConfigError, match="names no original protocol"):
        protocol_variants(make_config())


def test_the_original_protocol_says_that_it_looks_at_the_test_side(make_config):
    original, unselected, people, _ = protocol_variants(_config(make_config))
    assert "no estimate" in protocol_text(original.config)
    assert "training people decide" in protocol_text(unselected.config)
    assert "read once" in protocol_text(people.config)


def test_only_the_original_split_validates_on_its_test_people(windows):
    names = ",".join(windows.subject_names[:2])
    (selected,) = make_folds("selected_on_test", windows, seed=0, options={"test_subjects": names})
    (honest,) = make_folds("selected_on_test", windows, seed=0, options={"test_subjects": names, "honest": True})
    np.testing.assert_array_equal(selected.validation, selected.test)
    np.testing.assert_array_equal(selected.test, honest.test)
    people = [set(windows.subject[part].tolist()) for part in (honest.train, honest.validation, honest.test)]
    assert not (people[0] & people[1] or people[1] & people[2] or people[0] & people[2])
    assert not set(windows.subject[selected.train].tolist()) & people[2]


def test_a_test_subject_who_is_not_there_is_named(windows):
    with pytest.raises(DatasetError, match="no subject 99"):
        make_folds("selected_on_test", windows, seed=0, options={"test_subjects": "99"})


def test_a_window_standardised_by_itself_has_lost_its_level(windows):
    indices = np.flatnonzero(windows.usable)[:6]
    inputs = normalised(windows, indices, "window", population_normaliser(windows, indices))
    assert abs(inputs.features.mean(axis=-1)).max() < 1e-4
    np.testing.assert_allclose(inputs.features.std(axis=-1), 1, atol=1e-3)
    np.testing.assert_array_equal(standardised(np.full((1, 1, 1, 4), 3.0, np.float32)), 0)


def test_the_protocols_come_out_side_by_side_and_say_what_is_simulated(make_config, tmp_path):
    config = _config(make_config, quantize={"enabled": False})
    points = evaluate_variants(protocol_variants(config)[:3], tmp_path)
    rows = protocol_rows(points)
    assert {row[0] for row in rows} == {ORIGINAL, UNSELECTED, PEOPLE}
    text = protocols_html(config, points, "The settings: class_effect = 0")
    assert "Simulated data" in text
    assert "settings: class_effect = 0" in text
    assert text.count("<tr>") == len(rows) + 1 + len(points) + 1
    assert text.count("data:image/png;base64") == 1
    assert gap_sentences(points) == []  # nobody was tested on unseen people and stimuli


def test_a_network_that_was_not_pretrained_is_named_so_and_the_gap_is_that_of_the_pretrained(make_config, tmp_path):
    changes = {"quantize": {"enabled": False}, "pretrain": {"epochs": 1, "n_groups": 4, "n_items": 2}}
    baselines = {"baselines": ["time_course"], "split": "grouped_folds", "options": {"k": 2, "n_validation_subjects": 1}}
    config = _config(make_config, finetune={"epochs": 1}, evaluate=baselines, **changes)
    variants = protocol_variants(config)
    points = evaluate_variants([variants[0], variants[1], variants[6]], tmp_path)
    named = {(row[0], row[1]): row for row in protocol_rows(points)}
    assert [name for protocol, name in named if protocol == ORIGINAL] == [
        "sclcm",
        "sclcm, not pretrained",
        "linear probe",
        "nearest neighbours",
        "time_course",
    ]
    (sentence,) = gap_sentences(points)
    assert named[ORIGINAL, "sclcm"][6] in sentence
    assert named[DISJOINT, "sclcm"][6] in sentence


def test_the_settings_of_a_simulator_are_read_from_its_note(tmp_path):
    assert simulated_settings(tmp_path) == simulated_settings(None) == ""
    note = tmp_path / "SIMULATED.txt"
    note.write_text("Nobody was recorded.\nseed = 5\nclass_effect = 0.5\n")
    assert simulated_settings(tmp_path) == "The simulator's settings: seed = 5, class_effect = 0.5."
    note.write_text("Nobody was recorded.\nseed = 5\nclass_effect = 0\n")
    assert simulated_settings(tmp_path).endswith(
        "class_effect = 0. There is no emotion in these signals: what is above chance was had otherwise."
    )


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("sclcm-deap", [f"s{k:02d}.dat" for k in range(1, 33)]),
        ("sclcm-seed", [f"{k}_201311{k:02d}.mat" for k in range(1, 16)]),
    ],
)
def test_the_published_test_people_are_called_as_the_data_set_calls_them(name, files, tmp_path):
    for file in files:
        (tmp_path / file).write_bytes(b"")
    savemat(tmp_path / "label.mat", {"label": np.tile([1, 0, -1], 5)})
    config = load_config(Path("assets/configs") / f"{name}.toml")
    people = {source.subject for source in find_dataset(config.dataset.name).sources(tmp_path)}
    assert config.original is not None and set(config.original.test_subjects) < people


@pytest.mark.parametrize(("name", "duration_s", "baseline_s"), [("sclcm-seed", 185.0, 0.0), ("sclcm-deap", 63.0, 3.0)])
def test_the_published_window_fits_into_the_shortest_trial(name, duration_s, baseline_s):
    spec = load_config(Path("assets/configs") / f"{name}.toml").features
    n_frames = int((duration_s - spec.window_s) / spec.hop_s) + 1
    values = np.zeros((n_frames, spec.n_bands, spec.n_columns), np.float32)
    frames = RecordingFrames("01", 1, "1", "1", 0, baseline_s, values, {}, True)
    cut = cut_windows(frames, spec, 1, last_only=True)
    assert len(cut.starts) == 1
    end_s = cut.starts[0] * spec.hop / spec.sfreq + spec.span_s
    assert duration_s - spec.hop_s < end_s <= duration_s
