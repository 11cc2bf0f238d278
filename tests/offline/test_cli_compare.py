"""What the other commands make of the config of a comparison."""

import argparse
from pathlib import Path

import numpy as np
import pytest

from offline.cli import main
from offline.cli_compare import is_comparison, open_comparison
from offline.datasets.peripherals import VALUES, load_peripherals
from offline.evaluate.compare_config import load_comparison
from offline.pretrain.modalities import OtherModalities
from offline.pretrain.mrccl_options import MrcclOptions
from offline.training.inputs import normalised, population_normaliser
from sclcm_core.montage import DEAP_CHANNELS
from sclcm_core.simulation import write_deap

CONFIGS = Path(__file__).parents[2] / "assets" / "configs"

CONFIG = """
name = "tiny-deap"
title = "Tiny"
[dataset]
name = "deap"
window_hop_frames = 8
[features]
bands = [["alpha", 8, 13]]
ch_names = ["T7", "T8"]
sfreq = 128.0
hop_s = 0.5
n_frames = 3
[compare]
shares = [1.0]
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    write_deap(folder / "deap", n_subjects=1, video_s=5.0, matlab=False)
    (folder / "tiny.toml").write_text(CONFIG)
    return argparse.Namespace(config=folder / "tiny.toml", run_dir=folder / "run", data_root=folder / "deap")


def test_peripherals_of_a_comparison_are_of_the_windows_that_its_methods_see(asked, tmp_path):
    places = ["--data-root", str(asked.data_root), "--run-dir", str(asked.run_dir), "--out", str(tmp_path / "p.npz")]
    assert main(["peripherals", str(asked.config), *places]) == 0
    found, windows = load_peripherals(tmp_path / "p.npz"), open_comparison(asked).windows
    assert found.values.shape == (len(windows), len(VALUES)) and np.array_equal(found.t0, windows.t0)
    assert len(windows) == 80  # one of the rest and one of the video, forty times


def test_the_rest_of_the_cap_is_written_for_the_same_windows_and_taken_by_their_config(asked, tmp_path, capsys):
    places = ["--data-root", str(asked.data_root), "--run-dir", str(asked.run_dir), "--out", str(tmp_path / "p.npz")]
    assert main(["peripherals", str(asked.config), "--of", "cap", *places]) == 0
    assert "Wrote 30 values of the rest of the cap of each of 80 windows" in capsys.readouterr().out
    found, run = load_peripherals(tmp_path / "p.npz"), open_comparison(asked)
    assert {name.partition(" ")[0] for name in found.names} == set(DEAP_CHANNELS) - {"T7", "T8"}
    assert np.array_equal(found.t0, run.windows.t0) and np.isfinite(found.values).all()
    everyone = np.arange(len(run.windows))
    train = normalised(run.windows, everyone, "population", population_normaliser(run.windows, everyone))
    assert OtherModalities(run.config, MrcclOptions(peripherals=tmp_path / "p.npz"), train).n_values == (30,)


def test_a_config_of_a_comparison_names_the_folder_that_the_command_line_gave(asked):
    assert open_comparison(asked).config.dataset.root == asked.data_root


def test_a_config_without_the_section_is_no_comparison(tmp_path):
    (tmp_path / "plain.toml").write_text(CONFIG.partition("[compare]")[0])
    assert not is_comparison(tmp_path / "plain.toml")
    assert not is_comparison(tmp_path / "missing.toml")


@pytest.mark.parametrize("name", ["seed", "raw-seed", "deap", "raw-eegmat"])
def test_on_every_kind_of_file_methods_have_the_settings_that_were_chosen_on_simulated_people(name):
    of = "raw-simulated" if name.startswith("raw") else "simulated"
    (config, found), (chosen_config, chosen) = (load_comparison(CONFIGS / f"compare-{each}.toml") for each in (name, of))
    assert (found.encoders, found.pretrain, found.finetune) == (chosen.encoders, chosen.pretrain, chosen.finetune)
    assert (config.encoder, config.head, config.pretrain, config.finetune) == (
        chosen_config.encoder,
        chosen_config.head,
        chosen_config.pretrain,
        chosen_config.finetune,
    )
    assert without_files(found.methods) == without_files(chosen.methods)


def without_files(methods):
    """What is left of methods' settings without those that say where something is read from, or go by what is read or by the classes."""
    files = {"teacher", "peripherals", "captions", "tau"}
    methods = {name: section for name, section in methods.items() if name != "selftrain"}
    kept = {
        name: {
            key: {option: v for option, v in value.items() if option not in files} if key == "options" else value
            for key, value in section.items()
        }
        for name, section in methods.items()
    }
    return {name: section for name, section in kept.items() if section != {"options": {}}}
