"""The doctor."""

from __future__ import annotations

import json

import pytest

from app.acquisition import doctor
from app.acquisition.doctor import examine
from app.acquisition.lsl_network import INSTALL_HINT
from sclcm_core.errors import StreamError


@pytest.mark.lsl
def test_a_sound_installation_lacks_only_a_stream(monkeypatch):
    monkeypatch.setattr(doctor, "list_streams", lambda _: [])
    report = examine()
    (lacking,) = [finding for finding in report.findings if not finding.is_well]
    assert lacking.what == "Streams" and "sclcm simulate" in lacking.remedy
    assert report.loopback_p50_s < 0.05
    json.dumps(report.as_dict())


def test_a_missing_library_is_told_with_what_to_install(monkeypatch):
    def fail():
        raise StreamError("The LSL library could not be loaded (not found).", INSTALL_HINT)

    monkeypatch.setattr(doctor, "load_lsl", fail)
    monkeypatch.setenv("PYLSL_LIB", "/no/such/folder")
    report = examine()
    named = {finding.what: finding for finding in report.findings if not finding.is_well}
    assert "mne-lsl" in named["LSL library"].remedy
    assert "not its folder" in named["PYLSL_LIB"].remedy
    assert not report.is_well
