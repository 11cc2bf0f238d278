import importlib.util
import math
import subprocess
import sys

import pytest

from offline.engines import ENGINES, Engine, launch
from sclcm_core.errors import ConfigError

NUMBERS = [3, 5, 7]
FACTORIALS = [6, 120, 5040]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_processes_of_this_machine_compute_every_job(n_jobs):
    assert sorted(launch(math.factorial, NUMBERS, Engine("joblib", n_jobs))) == FACTORIALS


IN_A_PROCESS = """
import math
from offline.engines import Engine, launch

if __name__ == "__main__":
    print(sorted(launch(math.factorial, [3, 5, 7], Engine("dask", 2))))
"""


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="dask is not installed")
def test_dask_computes_every_job(tmp_path):
    (tmp_path / "program.py").write_text(IN_A_PROCESS)  # Dask keeps threads until its process ends
    command = [sys.executable, str(tmp_path / "program.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.strip() == str(FACTORIALS), done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("submitit"), reason="submitit is not installed")
def test_submitit_computes_every_job_and_keeps_what_the_jobs_printed(tmp_path):
    engine = Engine("submitit", 2, log_dir=tmp_path / "jobs", options={"timeout_min": 5, "slurm_partition": "none here"})
    assert sorted(launch(math.factorial, NUMBERS, engine)) == FACTORIALS
    assert len(list((tmp_path / "jobs").rglob("*_log.out"))) == len(NUMBERS)


def test_an_engine_that_is_not_installed_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ConfigError, match="pip install submitit"):
        list(launch(math.factorial, NUMBERS, Engine("submitit", log_dir=tmp_path)))


def test_options_of_slurm_need_submitit():
    with pytest.raises(ConfigError, match="Say --engine submitit"):
        list(launch(math.factorial, NUMBERS, Engine("joblib", options={"slurm_partition": "cpu"})))


def test_every_engine_has_a_launcher():
    from offline.engines import _LAUNCHERS

    assert set(_LAUNCHERS) == set(ENGINES)


def test_an_error_of_a_job_comes_through():
    with pytest.raises(ValueError, match="factorial"):
        list(launch(math.factorial, [-1], Engine()))
