"""A cable is pulled and put back: two network namespaces, joined by a pair of virtual interfaces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.lsl,
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root rights"),
    pytest.mark.skipif(not all(map(shutil.which, ("ip", "unshare", "nsenter"))), reason="needs ip, unshare and nsenter"),
]

JOIN = """
set -e
ip link set lo up
unshare -n sleep 60 & OTHER=$!
sleep 0.3
ip link add va type veth peer name vb
ip link set vb netns $OTHER
ip addr add 10.1.0.1/24 dev va; ip link set va up; ip route add 224.0.0.0/4 dev va
nsenter -t $OTHER -n sh -c "ip link set lo up; ip addr add 10.1.0.2/24 dev vb; ip link set vb up; ip route add 224.0.0.0/4 dev vb"
nsenter -t $OTHER -n "$PYTHON" -m app.acquisition.simulated_headset --plain --count --source-id=far --channels=T7,T8 >/dev/null &
HEADSET=$!
trap 'kill $HEADSET $OTHER' EXIT
"$PYTHON" -c "$LISTEN"
"""

LISTEN = """
import json, os, subprocess, time
from app.acquisition.lsl_inlet import LslInlet
cut_s = float(os.environ["CUT_S"])
inlet = LslInlet(source_id="far")
inlet.open(10.0)
phases, expected, wrong, state = [], None, 0, "whole"
start = time.monotonic()
while time.monotonic() - start < cut_s + 8.0:
    t = time.monotonic() - start
    if state == "whole" and t > 1.0:
        state = "cut"
        subprocess.run(["ip", "link", "set", "va", "down"], check=True)
    if state == "cut" and t > 1.0 + cut_s:
        state = "mended"
        subprocess.run("ip link set va up; ip route add 224.0.0.0/4 dev va", shell=True, check=True)
    for chunk in inlet.read(0.1):
        first = int(chunk.samples[0, 0])
        wrong += expected is not None and first != expected + chunk.n_lost_before
        expected = int(chunk.samples[-1, 0]) + 1
    status = inlet.status()
    if not phases or phases[-1][1] != status.phase:
        phases.append((round(t, 2), status.phase))
inlet.close()
print(json.dumps({"phases": phases, "wrong": wrong, "n_lost": status.n_lost}))
"""


@pytest.mark.parametrize("cut_s", [4.0, 12.0])
def test_after_a_cut_the_stream_goes_on_within_three_seconds_and_every_sample_is_accounted_for(cut_s):
    environment = {
        **os.environ, "PYTHON": sys.executable, "LISTEN": LISTEN, "CUT_S": str(cut_s), "PYTHONPATH": os.pathsep.join(sys.path),
        "SCLCM_LSL": '{"session_id": "cut", "ipv6": false, "resolve_scope": "site"}',
    }  # fmt: skip
    done = subprocess.run(
        ["unshare", "-n", "bash", "-c", JOIN], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    when = {phase: t for t, phase in told["phases"]}
    assert when["stalled"] < 1.0 + 2.0
    assert when["recovered"] < 1.0 + cut_s + 3.0
    assert told["wrong"] == 0
