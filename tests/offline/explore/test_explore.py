import contextlib
import io
import re

import numpy as np
import pytest

from offline.cli import main
from offline.datasets import find_dataset
from offline.explore import explore, usual_spec
from offline.explore.spectrogram import spectrogram
from offline.explore.survey import survey
from sclcm_core.bands import ALPHA, GAMMA
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec

OPTIONS = {"n_subjects": 4, "n_stimuli": 3, "trial_s": 6.0, "rest_s": 4.0}
SPEC = FeatureSpec(bands=(ALPHA, GAMMA), ch_names=("T7", "T8"), sfreq=250.0, hop_s=1.0, n_frames=1)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """The page of the command, of all electrodes: drawn once, for it takes seconds."""
    folder = tmp_path_factory.mktemp("explore") / "deep"
    options = [word for key, value in OPTIONS.items() for word in ("--option", f"{key}={value}")]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["explore", "simulated", *options, "--out", str(folder)]) == 0
    assert "positive" in printed.getvalue()
    assert [path.name for path in folder.iterdir()] == ["explore.html"]
    return (folder / "explore.html").read_text()


def test_the_page_is_one_file_with_all_its_pictures(text):
    assert len(re.findall(r'src="data:image/png;base64,', text)) == 6
    assert not re.search(r'(src|href)="(?!data:)', text)
    for title in ("each class", "Mean of each class", "Differences", "Along one visit", "Quality", "Simulated data"):
        assert title in text


def test_the_survey_counts_people_recordings_and_frames():
    survey_found = survey(find_dataset("simulated", OPTIONS), None, SPEC)
    assert survey_found.subject_names == ("01", "02", "03", "04")
    assert len(survey_found.recordings) == 4 * (3 + 1)
    assert {r.n_frames for r in survey_found.recordings if r.label >= 0} == {6}
    assert all(0 <= r.poor_share <= 1 - r.good_share <= 1 for r in survey_found.recordings)


def test_class_means_are_those_of_the_frames():
    dataset = find_dataset("simulated", OPTIONS)
    means = survey(dataset, None, SPEC, subjects=["02"]).class_means
    source = next(s for s in dataset.sources(None) if s.subject == "02")
    for frames in dataset.frames(source, SPEC):
        if frames.label >= 0 and frames.ok.all():
            np.testing.assert_allclose(means[0, frames.label], frames.values.mean(axis=0), rtol=1e-5)
    assert means.shape == (1, 3, 2, 2)


def test_the_spectrogram_shows_a_tone_where_and_when_it_is():
    dataset = find_dataset("simulated", OPTIONS)
    labelled = next(iter(dataset.recordings(None)))
    samples = labelled.recording.samples
    samples[500:, 0] += 300 * np.sin(2 * np.pi * 20 * np.arange(len(samples) - 500) / 250.0)
    name = labelled.recording.spec.ch_names[0]
    frequencies, density = spectrogram(labelled.recording, (name,))
    assert frequencies[density[0, :, -1].argmax()] == 20.0
    assert density[0, frequencies == 20.0, 0] < density[0, frequencies == 20.0, -1] - 20


def test_the_usual_spec_takes_all_electrodes_and_the_bands_that_are_there():
    spec = usual_spec(find_dataset("simulated", OPTIONS), None)
    assert {"T7", "T8"} <= set(spec.ch_names) and spec.sfreq == 250.0 and spec.n_bands == 5
    with pytest.raises(DatasetError, match="no recordings"):
        usual_spec(find_dataset("seed-features"), None)


def test_two_people_and_two_channels_make_a_page_without_tests(tmp_path):
    options = OPTIONS | {"n_subjects": 2}
    explore("simulated", None, tmp_path / "page.html", options=options, spec=SPEC)
    assert "Nothing is tested" in (tmp_path / "page.html").read_text()


def test_audit_is_a_command(tmp_path, capsys):
    small = ["--option", "n_subjects=4", "--option", "n_stimuli=9", "--option", "trial_s=4", "--out", str(tmp_path)]
    assert main(["audit", "simulated", *small, "--subjects", "01,02,03"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"audit.md", "audit.png"}
    shown = capsys.readouterr().out
    assert "made-up labels" in shown


def test_a_config_says_data_and_features(tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(
        'name = "tiny"\ntitle = "Tiny"\n[dataset]\nname = "simulated"\noptions = { n_subjects = 2, n_stimuli = 3, trial_s = 4.0 }\n'
        '[features]\nch_names = ["T7", "T8"]\nsfreq = 250.0\npairs = ["dasm"]\n'
    )
    assert main(["explore", str(config), "--out", str(tmp_path)]) == 0
    assert "of 2 channels" in (tmp_path / "explore.html").read_text()


def test_what_cannot_be_understood_is_said_with_the_remedy(capsys):
    assert main(["explore", "simulatd"]) == 2
    assert "Did you mean 'simulated'?" in capsys.readouterr().err
    assert main(["audit", "simulated", "--option", "n_subjects"]) == 2
    assert "KEY=VALUE" in capsys.readouterr().err
