import importlib.util
import sys

import pytest

from offline.training.logs import epoch_log
from sclcm_core.errors import ConfigError


def test_the_usual_log_writes_nothing_of_its_own(tmp_path):
    with epoch_log("csv", tmp_path) as write:
        write(1, {"loss": 1.0})
    assert not list(tmp_path.iterdir())


def test_without_tensorboard_the_way_to_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match="pip install tensorboard"), epoch_log("tensorboard", tmp_path):
        pass


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("tensorboard"), reason="tensorboard is not installed")
@pytest.mark.filterwarnings("ignore")  # those of TensorBoard's own imports
def test_tensorboard_reads_every_figure_of_every_epoch(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with epoch_log("tensorboard", tmp_path) as write:
        for number in (1, 2, 3):
            write(number, {"loss": 1 / number, "score": 0.5})
    found = EventAccumulator(str(tmp_path)).Reload()
    assert found.Tags()["scalars"] == ["loss", "score"]
    assert [(event.step, event.value) for event in found.Scalars("loss")] == [(k, pytest.approx(1 / k)) for k in (1, 2, 3)]
