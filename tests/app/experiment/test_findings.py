from pathlib import Path

import numpy as np
import pytest

from app.experiment.findings import find_out, mean_over
from app.experiment.quality_rows import ChannelTime
from app.experiment.report import report_html, report_tables, write_report
from app.experiment.session_folder import SessionFolder
from app.experiment.tables import write_tables
from app.session.recorded_session import RecordedSession
from app.session.session_file import SessionHeader
from sclcm_core.inference.smoothing import ProbabilitySmoother
from sclcm_core.types import Marker, Prediction

NAMES = ("calm", "tense")


def prediction(t_end: float, p: float, withheld: str | None = None) -> Prediction:
    shares = np.array([np.nan, np.nan] if withheld else [p, 1 - p], np.float32)
    return Prediction(shares, NAMES, round(t_end * 2), t_end - 1.0, t_end, 0.0, 0.001, withheld)


@pytest.fixture
def session() -> RecordedSession:
    """Two presentations of 4 s a label; the model is right but for the last; half of the third is withheld."""
    markers, predictions = [], [prediction(0.5, 0, "filling the first window: 1 of 4 frames (2 s)")]
    for number, (label, p) in enumerate((("calm", 0.9), ("tense", 0.2), ("calm", 0.7), ("tense", 0.6))):
        t = 2.0 + 5.0 * number
        markers += [
            Marker(t, f"stimulus/{label}/pic-{label}#{number}"),
            Marker(t + 4, f"stimulus-end/{label}/pic-{label}#{number}"),
        ]
        markers.append(Marker(t + 4.5, f"rating/pic-{label}#{number}/valence={8 if label == 'calm' else 2}"))
        poor = [None if number != 2 or k < 3 else f"T7: {k}0% of the samples missing" for k in range(7)]
        predictions += [prediction(t + 1 + k / 2, p, poor[k]) for k in range(7)]
    header = SessionHeader(
        sfreq=100.0, ch_names=("T7",), origin="simulated", model="m", model_sha256="0" * 64, features_key="k",
        class_names=NAMES, policy="every",
    )  # fmt: skip
    stamps = np.arange(2200) / 100.0
    return RecordedSession(header, np.zeros((2200, 1), np.float32), stamps, tuple(predictions), tuple(markers), ())


def test_each_presentation_has_its_windows_its_answer_and_its_ratings(session: RecordedSession) -> None:
    shown = find_out(session).presentations
    assert [one.n_windows for one in shown] == [7, 7, 7, 7]
    assert [one.n_withheld for one in shown] == [0, 0, 4, 0]
    assert [one.answer for one in shown] == ["calm", "tense", "calm", "calm"]
    assert shown[0].ratings == {"valence": 8} and shown[0].probabilities[0] == pytest.approx(0.9)


def test_a_presentation_does_not_reach_into_the_next_by_the_smoothing(session: RecordedSession) -> None:
    from dataclasses import replace

    smoother, shown = ProbabilitySmoother(2.0), []
    for p in session.predictions:
        if p.withheld:
            smoother.reset()
        shown.append(p if p.withheld else replace(p, probabilities=smoother.push(p.probabilities, p.t_end)))
    header = session.header.model_copy(update={"smoothing_s": 2.0})
    findings = find_out(replace(session, header=header, predictions=tuple(shown)))
    told = replace(session, header=header.model_copy(update={"smoothing_s": 0.0}), predictions=tuple(shown))
    assert [one.probabilities[0] for one in findings.presentations] == pytest.approx([0.9, 0.2, 0.7, 0.6], abs=1e-5)
    assert find_out(told).presentations[1].probabilities[0] > 0.3  # as it was shown: 0.2, and much of the 0.9 before it
    page = report_html(session, report_tables(findings, ()), findings, b"png", "moods")
    assert "smoothed over 2 s. From the figures below the smoothing is taken out" in page
    assert "How they were smoothed is not known here" in report_html(
        session, report_tables(findings, ()), find_out(session), b"png", "moods"
    )


def test_figures_stand_over_presentations_with_their_intervals(session: RecordedSession) -> None:
    findings = find_out(session)
    calm = findings.by_stimulus["calm", "pic-calm"][0]
    assert calm.mean == pytest.approx(0.8) and calm.n_presentations == 2
    assert calm.low == 0.0 and calm.high == 1.0  # two presentations say little
    assert findings.agreement.value == pytest.approx(0.75) and findings.agreement.low < 0.5
    assert findings.confusion["tense"] == {"tense": 1, "calm": 1}
    assert findings.by_rating["valence", "7-9"] == {"calm": 2}


def test_showings_of_one_stimulus_are_one_witness(session: RecordedSession) -> None:
    twice = find_out(session).agreement
    from dataclasses import replace

    markers = [Marker(m.t, m.text.replace("#2", "-again#2").replace("#3", "-again#3")) for m in session.markers]
    apart = find_out(replace(session, markers=tuple(markers))).agreement
    assert twice.value == apart.value
    assert twice.high - twice.low > apart.high - apart.low


def test_an_interval_is_students(session: RecordedSession) -> None:
    found = mean_over(np.array([0.4, 0.5, 0.6]))
    assert (found.low, found.high) == pytest.approx((0.5 - 4.303 * 0.1 / 3**0.5, 0.5 + 4.303 * 0.1 / 3**0.5))
    assert mean_over(np.array([0.4])).low is None


def test_everything_withheld_is_told_by_its_reason(session: RecordedSession) -> None:
    assert find_out(session).withheld == (("T7: samples missing", 4, 1.5), ("filling the first window", 1, 0.0))


def test_labels_that_are_no_classes_are_not_counted_as_agreement(session: RecordedSession) -> None:
    other = [Marker(m.t, m.text.replace("/calm/", "/A/").replace("/tense/", "/B/")) for m in session.markers]
    from dataclasses import replace

    findings = find_out(replace(session, markers=tuple(other)))
    assert findings.agreement is None and set(findings.confusion) == {"A", "B"}


def test_the_report_holds_all_of_it(session: RecordedSession, tmp_path: Path) -> None:
    findings = find_out(session)
    tables = report_tables(findings, [ChannelTime("T7", (0.5, 0.25, 0.25))])
    page = write_report(tmp_path / "report", tables, report_html(session, tables, findings, b"png", "moods, <7>"), b"png")
    text = page.read_text(encoding="utf-8")
    assert "SIMULATED" in text and "&lt;7&gt;" in text and "75% of the presentations" in text
    assert {path.name for path in page.parent.iterdir()} == {
        "report.html", "time-course.png", "stimuli.csv", "presentations.csv", "confusion.csv", "ratings.csv", "withheld.csv", "quality.csv",
    }  # fmt: skip


def test_tables_write_na_for_what_is_missing(session: RecordedSession, tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path, "07", "1", "moods")
    paths = {path.name: path.read_text(encoding="utf-8").splitlines() for path in write_tables(folder, session)}
    events = paths["sub-07_ses-1_task-moods_events.tsv"]
    assert events[:2] == ["onset\tduration\ttrial_type\tstimulus", "2\t4\tcalm\tpic-calm#0"]
    first = paths["sub-07_ses-1_task-moods_predictions.tsv"][1]
    assert first.split("\t")[2:5] == ["n/a", "n/a", "n/a"] and first.endswith("(2 s)")
