import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch

from offline.training.distributed import gather, is_first, my_share, n_processes

CHILD = """
import json
import numpy as np
import torch
from torch import nn
from offline.config import PretrainConfig
from offline.pretrain.contrast import Contrast
from offline.pretrain import view_losses
from offline.seeds import Seed
from offline.training.distributed import average_gradients, is_first, process_group
from offline.training.inputs import Inputs

torch.set_num_threads(1)


class Flat(nn.Module):  # without BatchNorm, whose statistics are each process's own
    n_embedding = 6

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(20, 6, bias=False)
        with torch.no_grad():
            self.layer.weight.copy_(torch.sin(torch.arange(120.0)).reshape(6, 20))

    def forward(self, features):
        return torch.tanh(self.layer(features.flatten(1)))


with process_group():
    n = 22
    features = np.cos(np.arange(n * 20)).astype(np.float32).reshape(n, 2, 2, 5)
    ids = np.arange(n)
    inputs = Inputs(features, ids % 2, ids // 8, ids // 4, ids % 4, ids, ids, ids * 100.0)
    out = {}
    for method in ("sclcm", "basic", "clocs"):
        config = PretrainConfig(method=method, n_views=2, augmentations=("flip_sign",), n_projection=0, device="cpu")
        task = Contrast(Flat(), config, getattr(view_losses, method), inputs, None, span_s=1.0, seed=Seed(0))
        loss = task.loss(np.arange(n - 1), torch.Generator().manual_seed(0))
        loss.backward()
        average_gradients(task.network)
        gradients = torch.cat([p.grad.flatten() for p in task.network.parameters()])
        out[method] = [float(loss.detach()), gradients.tolist()]
    if is_first():
        print(json.dumps(out))
"""


def here(capsys):
    """What this process prints."""
    threads = torch.get_num_threads()
    exec(compile(CHILD, "child", "exec"), {"__name__": "child"})
    torch.set_num_threads(threads)
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def with_another(capsys, monkeypatch):
    """The same, with another process: this one is the first, which has torch already."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    command = [sys.executable, "-W", "ignore", "-c", CHILD]
    env = {**os.environ, **shared, "RANK": "1", "LOCAL_RANK": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other:
        for name, value in {**shared, "RANK": "0", "LOCAL_RANK": "0"}.items():
            monkeypatch.setenv(name, value)
        found = here(capsys)
        said = other.communicate(timeout=100)
        assert other.returncode == 0, said[1]
    return found


def test_two_processes_have_the_loss_and_gradients_of_one(capsys, monkeypatch):
    one, two = here(capsys), with_another(capsys, monkeypatch)
    for method, (loss, gradients) in one.items():
        assert two[method][0] == pytest.approx(loss, abs=1e-6)
        np.testing.assert_allclose(two[method][1], gradients, atol=1e-6)


def test_one_process_alone_does_everything():
    assert (n_processes(), is_first()) == (1, True)
    values = torch.arange(4.0)
    assert gather(values) is values
    assert my_share(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
