"""What the figures of a report are of."""

import dataclasses
from types import MappingProxyType

import numpy as np
import pytest

from offline.evaluate.fold_result import FoldResult, ValidationSide
from offline.evaluate.report import method_cells, report_html
from offline.evaluate.sealed import Reading
from offline.evaluate.summary import shown_name, summarise
from offline.finetune.fit import Epochs
from offline.seeds import Seed


@pytest.fixture
def results(windows):
    """A network that is right in every window of half the people and wrong in every one of the others."""
    window = np.arange(len(windows))
    says = np.where(windows.subject < 3, windows.label, 1 - windows.label)
    answers = {
        (name, "personal"): np.eye(2, dtype=np.float32)[said]
        for name, said in (("majority", np.zeros_like(says)), ("sclcm", says), ("sclcm int8", says))
    }
    reading = Reading(window, windows.label, windows.subject, windows.trial, MappingProxyType(answers))
    side = ValidationSide(windows.label, windows.subject, np.eye(2, dtype=np.float32)[says])
    return [FoldResult("all", Epochs(0, 1), 0.5, {"personal": 1.0}, (), {"personal": side}, reading)]


@pytest.fixture
def more_trials(windows, results):
    """The same, each person with six trials of a class, which all turn out alike."""
    trial = windows.trial * 6 + np.arange(len(windows)) % 6
    return [dataclasses.replace(results[0], reading=dataclasses.replace(results[0].reading, trial=trial))]


def test_the_interval_of_trials_is_over_people_however_many_trials_each_has(windows, results, more_trials):
    few, many = (
        summarise(of, windows, "p", main="sclcm", seed=Seed(0)).find("sclcm", "personal") for of in (results, more_trials)
    )
    assert few.trial_accuracy.value == many.trial_accuracy.value == 0.5
    assert few.trial_accuracy == many.trial_accuracy, "more trials of the same people tell nothing of other people"
    assert (few.trial_accuracy.low, few.trial_accuracy.high) == (few.balanced_accuracy.low, few.balanced_accuracy.high)
    assert many.trial_wilson.high - many.trial_wilson.low < 0.5 * (many.trial_accuracy.high - many.trial_accuracy.low)
    assert str(many.trial_accuracy) in method_cells(many)


@pytest.mark.parametrize("network", ["tcn", "patches"])
def test_a_report_calls_a_network_by_what_it_is(network, windows, results, make_config):
    summary = summarise(results, windows, "p", main="sclcm int8", seed=Seed(0), network=network)
    assert [method_cells(m)[0] for m in summary.methods] == ["majority", network, f"{network} int8"]
    assert {c.first for c in summary.comparisons} == {f"{network} int8"}
    assert {c.second for c in summary.comparisons} == {"majority", network}
    assert summary.find("sclcm", "personal") is not None, "folds call all networks alike, so that runs can be compared"
    page = report_html(make_config(), windows.dataset, summary, {}, ())
    body = page[: page.index("<h2>Config")]
    assert f"{network} int8" in body and "sclcm" not in body


def test_what_is_no_network_keeps_its_name():
    assert shown_name("sclcm nearest", "tcn") == "sclcm nearest"
