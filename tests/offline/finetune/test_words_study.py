from types import SimpleNamespace

import numpy as np
import pytest

from offline.finetune.options import EegclipOptions
from offline.finetune.words_study import area_under_roc, over_people, study_variants, words_notes, words_study
from offline.runs import open_run
from offline.stages import Run
from sclcm_core.errors import ConfigError
from sclcm_core.inference.sentence_encoder import HASHED

WORDS = [["happy", "cheerful"], ["sad", "gloomy"]]
TEXT = {"encoder": HASHED, "class_words": WORDS, "n_space": 8}


def run_of(config, windows, folder):
    return Run(config, open_run(config, folder), windows)


def test_what_is_zero_shot_is_called_so_and_nothing_else(make_config):
    config = make_config(finetune={"method": "eegclip", "options": TEXT})
    found = study_variants(config, ("happy", "sad"), EegclipOptions.model_validate(TEXT))
    assert [("zero-shot" in title, bool(change["options"].get("held_out_words"))) for title, change in found.items()] == [
        (False, False),
        (True, True),
        (False, False),
        (False, False),
    ]
    assert set(list(found.values())[1]["options"]["held_out_words"]) == {"cheerful", "gloomy"}
    assert list(found.values())[-1]["method"] == "ce"


def test_the_study_tells_words_from_controls(make_config, make_windows, tmp_path):
    windows = make_windows(effect=2.5)
    section = {"method": "eegclip", "epochs": 4, "batch_size": 32, "head_lr": 1e-2, "encoder_lr": 1e-2, "options": TEXT}
    rows = words_study(run_of(make_config(finetune=section), windows, tmp_path / "run"))
    values = {row[0]: float(row[2].split()[0]) for row in rows}
    assert values["prompts of words that stood in captions"] > 0.85
    assert values["same encoder, ordinary head, no text"] > 0.85
    assert len([title for title in values if title.startswith("zero-shot: class")]) == 2
    assert {row[3] for row in rows} == {"0.500"} and {row[4] for row in rows} == {"6"}


def test_a_person_whom_several_folds_test_counts_once(make_config):
    def fold(subject, score):
        reading = SimpleNamespace(
            subject=np.full(2, subject),
            label=np.zeros(2, np.int64),
            probabilities={("sclcm", "population"): np.full((2, 2), score)},
        )
        return SimpleNamespace(reading=reading)

    folds = [fold(0, 0.2), fold(1, 0.8), fold(0, 0.4), fold(1, np.nan)]
    figure, n_people = over_people(folds, make_config(), lambda probabilities, _: float(probabilities[0, 0]))
    assert n_people == 2 and figure.value == pytest.approx((0.3 + 0.8) / 2)


def test_what_is_read_with_the_table_says_whose_data_and_which_protocol(make_config, windows, tmp_path):
    data, rest = words_notes(run_of(make_config(), windows, tmp_path / "run"))
    assert windows.dataset.title in data and "the test side is read once" in data and "0.5 is chance" in rest


def test_other_methods_have_no_words_to_study(make_config, windows, tmp_path):
    with pytest.raises(ConfigError, match="eegclip"):
        words_study(run_of(make_config(), windows, tmp_path / "run"))


def test_the_area_is_a_half_by_chance_and_one_when_sorted():
    score = np.arange(10.0)
    assert area_under_roc(score, score > 4) == 1.0
    assert area_under_roc(np.ones(10), score > 4) == 0.5
    assert np.isnan(area_under_roc(score, score > 99))
