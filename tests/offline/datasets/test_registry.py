from __future__ import annotations

import pytest

from offline.datasets.registry import DATASETS, find_dataset, option_names
from sclcm_core.errors import DatasetError


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_says_what_must_be_said_of_it(name):
    card = DATASETS[name].card()
    assert card.name == name
    for text in (card.title, card.licence, card.attribution, card.target, DATASETS[name].where):
        assert text


@pytest.mark.parametrize("name", [name for name in DATASETS if not DATASETS[name].simulated])
def test_every_data_set_on_disk_says_what_is_missing_and_where_to_get_it(name, tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DatasetError) as caught:
            DATASETS[name].resolve(folder).sources(folder)
        assert str(folder) in caught.value.what
        remedy = caught.value.remedy
        assert DATASETS[name].where in remedy or "Write one" in remedy


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DatasetError, match="Did you mean 'eegmat'"):
        find_dataset("egmat")


def test_options_replace_the_usual_ones():
    dataset = find_dataset("simulated", {"n_subjects": 3})
    assert len(dataset.sources(None)) == 3
    assert ("n_subjects", "3") in dataset.card().options
    assert "n_subjects" in option_names(dataset)


def test_an_unknown_option_is_answered_with_the_nearest():
    with pytest.raises(DatasetError, match="Did you mean 'n_subjects'"):
        find_dataset("simulated", {"n_subject": 3})


def test_an_impossible_value_is_named():
    with pytest.raises(DatasetError, match="multiple of 3"):
        find_dataset("simulated", {"n_stimuli": 10})
