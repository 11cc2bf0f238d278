"""The report of a session: one HTML page, a picture, and tables."""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from app.experiment.findings import Findings, MeanProbability
from app.experiment.quality_rows import LIGHTS, ChannelTime
from app.session.recorded_session import RecordedSession

STYLE = (
    "body{font:15px/1.5 Inter,system-ui,sans-serif;color:#142033;max-width:1100px;margin:36px auto;padding:0 24px}"
    "h1{font-size:26px;margin:0}h2{margin-top:34px;font-size:19px}img{width:100%;border:1px solid #dde3ec;border-radius:10px}"
    "table{border-collapse:collapse}td,th{padding:4px 16px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid #eef1f6}"
    "th{color:#5b6980;font-weight:500}.muted{color:#5b6980}"
    ".badge{background:#ffc93c;border-radius:7px;padding:3px 12px;font-weight:700;letter-spacing:1px}"
)

Cells = Sequence[str]


def report_tables(findings: Findings, quality: Sequence[ChannelTime]) -> dict[str, list[Cells]]:
    """Return the tables of a report by name, each with its header first.

    Parameters
    ----------
    findings : Findings
        What the session came to.
    quality : sequence of ChannelTime
        How good each channel was.
    """
    names = findings.class_names
    return {
        "stimuli": [("label", "stimulus", "presentations", *names), *_stimuli(findings)],
        "presentations": [
            ("label", "presentation", "windows", "withheld", "answer", *names, "ratings"),
            *_presentations(findings),
        ],
        "confusion": _crossed("label", ((label, row) for label, row in findings.confusion.items()), names),
        "ratings": _crossed("rating", ((" ".join(key), row) for key, row in findings.by_rating.items()), names),
        "withheld": [("reason", "windows", "over s"), *((r, str(n), f"{s:.1f}") for r, n, s in findings.withheld)],
        "quality": [("channel", *LIGHTS), *((c.name, *(f"{share:.0%}" for share in c.shares)) for c in quality)],
    }


def _stimuli(findings: Findings) -> list[Cells]:
    return [
        (label, name, str(figures[0].n_presentations), *map(_figure, figures))
        for (label, name), figures in findings.by_stimulus.items()
    ]


def _figure(figure: MeanProbability) -> str:
    if figure.low is None or figure.high is None:
        return f"{figure.mean:.2f}"
    return f"{figure.mean:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def _presentations(findings: Findings) -> list[Cells]:
    rows: list[Cells] = []
    for one in findings.presentations:
        shares = ["" for _ in findings.class_names] if one.probabilities is None else [f"{p:.2f}" for p in one.probabilities]
        said = ", ".join(f"{scale} {value}" for scale, value in one.ratings.items())
        counts = str(one.n_windows), str(one.n_withheld)
        rows.append((one.span.label, one.span.name, *counts, one.answer or "no answer", *shares, said))
    return rows


def _crossed(what: str, rows: Iterable[tuple[str, dict[str, int]]], class_names: Cells) -> list[Cells]:
    columns = (*class_names, "no answer")
    return [(what, *columns), *((label, *(str(row.get(name, 0)) for name in columns)) for label, row in rows)]


def report_html(
    session: RecordedSession, tables: dict[str, list[Cells]], findings: Findings, picture: bytes, title: str
) -> str:
    """Return the report as a page with everything inside.

    Parameters
    ----------
    session : RecordedSession
        The recording.
    tables : dict of str to list of rows
        From `report_tables`.
    findings : Findings
        What the session came to.
    picture : bytes
        PNG of the time course.
    title : str
        What the page is called.
    """
    header = session.header
    duration_s = session.t_last - session.t_first
    kept = "" if header.raw else "; no EEG was kept"
    lost = f", {session.n_lost} samples lost" if session.n_lost else ""
    parts = [
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>",
        f"<h1>{escape(title)} <span class=badge>{escape(header.origin.upper())}</span></h1>",
        f"<p class=muted>{duration_s:.0f} s, {len(header.ch_names)} channels at {header.sfreq:g} Hz{lost}; "
        f"model {escape(header.model)} ({escape(header.model_sha256[:12])}); {findings.n_predictions} windows{kept}.</p>",
        f'<img alt="Time course" src="data:image/png;base64,{base64.b64encode(picture).decode()}">',
        f"<p class=muted>{_of_smoothing(findings.smoothing_s)}</p>",
        "<h2>By stimulus: mean probability [95 % over presentations]</h2>" + _table(tables["stimuli"]),
        "<h2>Answers against labels, in presentations</h2>" + _table(tables["confusion"]) + _agreement(findings),
        "<h2>Answers against ratings, in presentations</h2>" + _table(tables["ratings"]),
        "<h2>Each presentation</h2>" + _table(tables["presentations"]),
        "<h2>What was withheld, and why</h2>" + _table(tables["withheld"]),
        "<h2>Quality of the signal, share of the time</h2>" + _table(tables["quality"]),
    ]
    return "\n".join(parts) + "\n"


def _of_smoothing(smoothing_s: float | None) -> str:
    if smoothing_s is None:
        return (
            "The figures below are of answers as they were shown. How they were smoothed is not known here (the model is not at hand), "
            "so that each presentation may reach into the next."
        )
    if smoothing_s == 0:
        return "The figures below are of answers that were not smoothed."
    return (
        f"The picture shows answers as they were shown, smoothed over {smoothing_s:g} s. From the figures below the smoothing is taken "
        "out: no presentation reaches into the next."
    )


def _agreement(findings: Findings) -> str:
    share = findings.agreement
    if share is None:
        return "<p class=muted>The labels are no classes of the model: agreement cannot be counted.</p>"
    return (
        f"<p>{share.value:.0%} of the presentations got their label as the answer [{share.low:.0%}, {share.high:.0%}], labels and "
        "stimuli counting alike; the interval is over the stimuli of this one session. "
        f"Guessing gives {1 / len(findings.class_names):.0%}.</p>"
    )


def _table(rows: Sequence[Cells]) -> str:
    if len(rows) < 2:
        return "<p class=muted>None.</p>"
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:])
    return f"<table><tr>{head}</tr>{body}</table>"


def write_report(folder: Path, tables: dict[str, list[Cells]], html: str, picture: bytes) -> Path:
    """Write the report into a folder; return the page.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    tables : dict of str to list of rows
        Written as csv.
    html : str
        The page.
    picture : bytes
        PNG of the time course.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    (folder / "time-course.png").write_bytes(picture)
    page = folder / "report.html"
    page.write_text(html, encoding="utf-8")
    return page
