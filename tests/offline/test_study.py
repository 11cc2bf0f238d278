import json

import pytest

import offline.fold_jobs as module
from offline.cli import main
from offline.config import BundleConfig
from offline.engines import Engine
from offline.fold_jobs import missing_jobs, run_fold_job
from offline.runs import fingerprint, open_run
from offline.stages import prepare
from offline.study import plan_study, run_study, study_rows, with_settings
from sclcm_core.errors import ConfigError

DATA = {"name": "simulated", "options": {"n_subjects": 4, "n_stimuli": 3, "trial_s": 8.0, "rest_s": 8.0}}


@pytest.fixture(scope="module")
def recipe():
    from tests.offline.conftest import _config

    return _config(
        lines=["population"],
        dataset=DATA,
        features={"ch_names": ["T7", "T8"], "sfreq": 250.0, "n_frames": 8},
        finetune={"epochs": 1, "batch_size": 16},
        quantize={"enabled": False},
    )


@pytest.fixture(scope="module")
def studied(recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    trials = plan_study(recipe, [1, 2], ["finetune.encoder_lr=1e-3,2e-3"])
    return folder, trials, run_study(trials, folder, None, Engine())


def test_every_setting_meets_every_seed(recipe):
    trials = plan_study(recipe, [1, 2], ["finetune.encoder_lr=1e-3,2e-3", "encoder.pooling=mean,flatten"])
    assert len(trials) == len({trial.folder for trial in trials}) == 8
    assert {(t.config.finetune.encoder_lr, t.config.encoder.pooling, t.config.seed) for t in trials} == {
        (lr, pooling, seed) for lr in (1e-3, 2e-3) for pooling in ("mean", "flatten") for seed in (1, 2)
    }
    (alone,) = plan_study(recipe)
    assert (alone.setting, alone.seed, alone.config) == ("", recipe.seed, recipe)


def test_seeds_of_the_config_hold_unless_others_are_named(recipe):
    several = recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update={"seeds": (5, 6)})})
    assert [trial.seed for trial in plan_study(several)] == [5, 6]
    assert [trial.seed for trial in plan_study(several, [7])] == [7]
    assert {trial.config.evaluate.seeds for trial in plan_study(several)} == {()}  # each is a run of one seed
    assert fingerprint(several) == fingerprint(recipe)


@pytest.mark.parametrize(
    ("sweep", "message"),
    [("finetune.encoder_rate=1", "encoder_lr"), ("seed", "KEY=VALUE"), ("finetune.encoder_lr=-1", "greater than 0")],
)
def test_what_cannot_be_swept_is_refused(recipe, sweep, message):
    with pytest.raises(ConfigError, match=message):
        plan_study(recipe, (), [sweep])


def test_a_changed_config_ships_nothing(recipe):
    shipping = recipe.model_copy(update={"bundle": BundleConfig(path="x.onnx")})
    assert with_settings(shipping, {"seed": 9}).bundle is None


def test_a_study_has_a_run_folder_a_seed_and_one_table(studied):
    folder, trials, summaries = studied
    for trial in trials:
        assert (folder / trial.folder / "metrics.json").is_file()
    rows = study_rows(trials, summaries)
    kept = json.loads((folder / "study.json").read_text())
    assert len(kept["table"]) == len(rows) == 4
    row = kept["table"][0]
    assert (row["Setting"], row["Seeds"]) == ("finetune.encoder_lr=0.001", "2")
    assert float(row["SD over seeds"]) >= 0
    assert {run["seed"] for run in kept["runs"]} == {1, 2}
    values = [s.find("sclcm", "population").balanced_accuracy.value for s in summaries[:2]]
    mine = next(r for r in kept["table"] if r["Method"] == "sclcm")
    assert mine["Balanced accuracy [95 % over people]"].startswith(f"{sum(values) / 2:.3f}")


def test_what_was_computed_is_not_computed_again(studied, monkeypatch):
    folder, trials, summaries = studied
    monkeypatch.setattr(module, "launch", lambda _, jobs, engine: pytest.fail("computed again") if jobs else iter(()))
    assert [s.temperatures for s in run_study(trials, folder, None, Engine())] == [s.temperatures for s in summaries]


def test_a_fold_is_a_pure_function_of_config_and_number(recipe, tmp_path):
    figures = []
    for name in ("a", "b"):
        run = prepare(recipe, open_run(recipe, tmp_path / name))
        jobs = missing_jobs(run)
        assert [job.fold for job in jobs] == [0, 1]
        figures.append(run_fold_job(jobs[1]))
        assert [job.fold for job in missing_jobs(run)] == [0]
    a, b = ({k: v for k, v in f.items() if k != "folder"} for f in figures)
    assert a == b
    assert json.loads(json.dumps(a)) == a


def test_the_command_prints_mean_and_spread(recipe, tmp_path, capsys):
    content = recipe.model_dump(mode="json")
    toml = [f"{key} = {json.dumps(content[key])}" for key in ("name", "title", "lines")]
    toml += ["[dataset]", 'name = "simulated"', "options = { n_subjects = 4, n_stimuli = 3, trial_s = 8.0, rest_s = 8.0 }"]
    toml += ["[features]", 'ch_names = ["T7", "T8"]', "sfreq = 250.0", "n_frames = 8", "[encoder]", "widths = [8, 12]"]
    toml += ["n_embedding = 16", "[head]", "n_hidden = 0", "[finetune]", "epochs = 1", "batch_size = 16", "[quantize]"]
    toml += ["enabled = false", "[evaluate]", 'split = "grouped_folds"', "options = { k = 2, n_validation_subjects = 1 }"]
    (tmp_path / "c.toml").write_text("\n".join(toml))
    command = ["evaluate", str(tmp_path / "c.toml"), "--run-dir", str(tmp_path / "study"), "--jobs", "1"]
    assert main([*command, "--seeds", "4,5"]) == 0
    printed = capsys.readouterr().out
    assert "SD over seeds" in printed
    assert "study.json" in printed
    assert main([*command, "--seeds", "4", "--slurm", "x=1"]) == 2
    (tmp_path / "c.toml").write_text("\n".join(toml).replace("[evaluate]", "[evaluate]\nseeds = [4, 5]"))
    assert main(command) == 0
    assert capsys.readouterr().out == printed
