"""Finetuning by triplets, by captions and by the network's own answers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from offline.evaluate.scores import confusion, macro_f1
from offline.finetune.caption_source import captions_of_classes, prompts_of_classes
from offline.finetune.captions import PHRASES
from offline.finetune.classify import network_outputs
from offline.finetune.fit import FitData, fit_member
from offline.finetune.options import EegclipOptions, SelftrainOptions
from offline.finetune.pseudo_labels import accept, class_thresholds
from offline.pretrain.method import Setting
from offline.pretrain.methods import find_method
from offline.seeds import Seed
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_encoder
from sclcm_core.errors import ConfigError
from sclcm_core.inference.sentence_encoder import HASHED

FINETUNE = {"epochs": 8, "batch_size": 32, "head_lr": 1e-2, "encoder_lr": 1e-2, "patience": 8}
TEXT = {"encoder": HASHED, "class_words": [["happy", "cheerful"], ["sad", "gloomy"]], "n_space": 8}


def sides(windows):
    parts = np.flatnonzero(windows.subject < 4), np.flatnonzero(windows.subject >= 4)
    population = population_normaliser(windows, parts[0])
    return [normalised(windows, part, "population", population) for part in parts]


def setting(config, windows, **labelled):
    train, validation = sides(windows)
    known = labelled.get("labelled", train)
    return Setting(config, build_encoder(config, Seed(1)), train, known, (validation,), 2, Seed(2))


def fitted(config, windows, **labelled):
    train, validation = sides(windows)
    data = FitData((train,), (labelled.get("labelled", train),), (validation,), 2)
    return fit_member(config, data, build_encoder(config, Seed(1)), Seed(2))


def score(network, inputs):
    return macro_f1(confusion(inputs.label, network_outputs(network, inputs.features).argmax(1), 2))


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("triplet", {}),
        ("triplet", {"mining": "batch_hard", "soft": True}),
        ("triplet", {"mining": "random"}),
        ("eegclip", TEXT),
        ("eegclip", {**TEXT, "loss": "siglip"}),
        ("eegclip", {**TEXT, "targets": "soft", "text_head": "trained"}),
        ("selftrain", {}),
    ],
)
@pytest.mark.slow
def test_every_method_tells_people_apart_that_it_was_not_trained_on(method, options, make_config, make_windows):
    windows = make_windows(effect=2.0)
    config = make_config(finetune={**FINETUNE, "method": method, "options": options})
    network, history = fitted(config, windows)
    assert score(network, sides(windows)[1]) > 0.9
    assert history.best_score > 0.9


@pytest.mark.parametrize(("method", "options"), [("triplet", {}), ("eegclip", TEXT)])
def test_without_an_effect_there_is_nothing_to_find(method, options, make_config, make_windows):
    windows = make_windows(effect=0.0, n_per_class=60)
    config = make_config(finetune={**FINETUNE, "epochs": 3, "method": method, "options": options})
    network, _ = fitted(config, windows)
    assert 0.35 < score(network, sides(windows)[1]) < 0.65


def test_shuffled_captions_come_out_at_chance(make_config, make_windows):
    windows = make_windows(effect=2.0, n_subjects=12)
    config = make_config(finetune={**FINETUNE, "method": "eegclip", "options": {**TEXT, "shuffle_captions": True}})
    made = setting(config, windows)
    task = find_method("eegclip", "finetune").build()(made)
    label = dict(zip(made.labelled.trial.tolist(), made.labelled.label.tolist(), strict=True))
    wrong = [task._meaning[k] != label[t] for k, t in enumerate(made.labelled.trial.tolist())]
    assert 0.2 < np.mean(wrong) < 0.8


def test_in_a_batch_captions_of_one_meaning_are_positives(make_config, windows):
    config = make_config(finetune={**FINETUNE, "method": "eegclip", "options": TEXT})
    made = setting(config, windows)
    task = find_method("eegclip", "finetune").build()(made)
    indices = next(task.batches(np.random.default_rng(0)))
    belongs = task._belongs(indices, task._sentences[task._draw(indices, torch.Generator().manual_seed(0))])
    label = torch.from_numpy(made.labelled.label[indices])
    assert torch.equal(belongs.bool(), label[:, None] == label[None, :])


def test_windows_and_prompts_of_a_zero_shot_class_are_not_trained_on(make_config, windows):
    config = make_config(finetune={**FINETUNE, "method": "eegclip", "options": {**TEXT, "without_classes": [1]}})
    task = find_method("eegclip", "finetune").build()(setting(config, windows))
    assert set(task._label.tolist()) == {0} and set(task._validation[0].label.tolist()) == {0}
    assert task.network.head.anchors.abs().sum(dim=1).min() > 0


def test_prompts_of_held_out_words_say_no_word_of_a_caption(make_config, windows):
    options = {**TEXT, "held_out_words": ["cheerful", "gloomy"]}
    config = make_config(finetune={**FINETUNE, "method": "eegclip", "options": options})
    chosen = EegclipOptions.model_validate(options)
    said = [text for caption in captions_of_classes(config, chosen) for text in caption.texts]
    asked = [text for texts in prompts_of_classes(config, chosen) for text in texts]
    assert len(said) == len(asked) == 2 * len(PHRASES) and not set(said) & set(asked)
    assert all("cheerful" in text or "gloomy" in text for text in asked)
    lacking = make_config(finetune={**FINETUNE, "method": "eegclip", "options": {**TEXT, "held_out_words": ["gloomy"]}})
    with pytest.raises(ConfigError, match="No held-out word stands for: happy"):
        fitted(lacking, windows)


def test_the_collapse_of_places_is_watched(make_config, windows):
    config = make_config(finetune={**FINETUNE, "method": "eegclip", "options": TEXT})
    _, history = fitted(config, windows)
    assert {"spread", "effective_rank", "collapsed"} <= set(history.rows[-1])


def test_frozen_encoders_stay_as_they_are(make_config, windows):
    config = make_config(finetune={**FINETUNE, "method": "triplet", "mode": "probe"})
    made = setting(config, windows)
    before = {name: value.clone() for name, value in made.encoder.state_dict().items()}
    data = FitData((made.train,), (made.train,), made.validation, 2)
    network, _ = fit_member(config, data, made.encoder, Seed(2))
    after = network.encoder.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_pseudo_labels_are_mostly_right_and_are_trained_on(make_config, make_windows):
    windows = make_windows(effect=1.5)
    train, _ = sides(windows)
    labelled = train.select(np.flatnonzero(train.subject < 2))
    config = make_config(
        finetune={**FINETUNE, "epochs": 15, "method": "selftrain", "options": {"threshold": 0.7, "sure_threshold": 0.7}}
    )
    made = replace(setting(config, windows, labelled=labelled), validation=())
    task = find_method("selftrain", "finetune").build()(made)
    assert len(task._label) > len(labelled) and task.rounds[-1].n_trials > 0
    assert task.rounds[-1].precision > 0.8
    assert task.rounds[-1].n_pool == len(train) - len(labelled)


def test_with_every_label_known_self_training_is_plain_training(make_config, windows):
    config = make_config(finetune={**FINETUNE, "method": "selftrain"})
    assert find_method("selftrain", "finetune").build()(setting(config, windows)).rounds == ()


EVEN = np.array([0.5, 0.5])


def votes(rows):
    return np.array([[p, 1 - p] for p in rows])


def test_a_trial_is_accepted_when_it_is_sure_and_of_one_mind():
    trial = np.repeat([7, 8, 9], 5)
    sure, split, unsure = [0.99] * 5, [0.99] * 3 + [0.01] * 2, [0.6] * 5
    found = accept(
        votes(sure + split + unsure), trial, np.array([0.9, 0.9]), share=np.array([1.0, 0.0]), options=SelftrainOptions()
    )
    assert found.index.tolist() == [0, 1, 2, 3, 4] and found.n_trials == 1 and (found.label == 0).all()


def test_no_class_gets_more_than_twice_its_share_and_the_surest_come_first():
    p = [0.96, 0.97, 0.98, 0.99]
    found = accept(votes(p), np.arange(4), np.array([0.9, 0.9]), share=np.array([0.25, 0.75]), options=SelftrainOptions())
    assert found.index.tolist() == [2, 3]


def test_thresholds_are_higher_for_well_recognised_classes_and_lower_for_rare_ones():
    options = SelftrainOptions()
    assert class_thresholds(np.array([0.9, 0.5, 0.9]), np.array([0.5, 0.4, 0.1]), options).tolist() == [0.99, 0.95, 0.85]
    assert class_thresholds(None, EVEN, options).tolist() == [0.95, 0.95]
