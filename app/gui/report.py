"""The last minutes on one page that needs nothing else: for a lab book, a mail, a talk."""

from __future__ import annotations

import base64
import csv
import io
import time
from collections.abc import Sequence
from html import escape

import numpy as np
from PyQt5.QtCore import QBuffer, QIODevice
from PyQt5.QtGui import QPixmap

from app.gui.compare_view import what_it_costs
from app.gui.history import History
from app.gui.model_card import card_html
from app.gui.session_like import Compares, SessionLike
from app.gui.theme import LIGHT
from app.gui.transport_bar import clock
from app.gui.truth_bar import Budget, statements

STYLE = (
    "body{font:15px/1.5 Inter,system-ui,sans-serif;color:#142033;max-width:1100px;margin:36px auto;padding:0 24px}"
    "h1{font-size:26px;margin:0}h2{margin-top:34px}img{width:100%;border-radius:10px}table{border-collapse:collapse}"
    "td{padding:4px 18px 4px 0;vertical-align:top}.muted{color:#5b6980}"
    ".badge{background:#ffc93c;border-radius:7px;padding:3px 12px;font-weight:700;letter-spacing:1px}"
)


def report_html(
    session: SessionLike,
    history: History,
    picture: QPixmap,
    title: str = "SCLCM Live",
    details: Sequence[tuple[str, QPixmap]] = (),
) -> str:
    """Return the report as a page with everything inside.

    Parameters
    ----------
    session : SessionLike
        What was shown.
    history : History
        What happened.
    picture : QPixmap
        The window as it looks now.
    title : str
        What the page is called.
    details : sequence of (str, QPixmap)
        More pictures, each with what it shows.
    """
    spec = session.spec
    origin = (spec.origin if spec else "unknown").upper()
    facts = "".join(
        f"<tr><td class=muted>{escape(c.name)}</td><td>{escape(c.text)}</td><td class=muted>{escape(c.why)}</td></tr>"
        for c in statements(session, Budget(), time.perf_counter())
    )
    events = "".join(f"<tr><td class=muted>{e.clock}</td><td>{escape(e.text)}</td></tr>" for e in list(history.events)[-200:])
    return (
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
        f"<h1>{escape(title)} <span class=badge>{escape(origin)}</span></h1>"
        f"<p class=muted>{time.strftime('%Y-%m-%d %H:%M:%S')}</p>"
        f'<img alt="The window" src="data:image/png;base64,{_png(picture)}">'
        f"{_pictures(details)}<h2>Predictions</h2>{_summary(session, history)}{_table_link(history)}{_two_models(session)}"
        f"<h2>What was the case</h2><table>{facts}</table>"
        f"<h2>Events</h2><table>{events}</table><h2>The model</h2>{card_html(session.manifest, LIGHT)}"
    )


def predictions_table(history: History) -> str:
    """Return the predictions as comma-separated values, one a line, times in s on the clock of the stream."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("t_start", "t_end", "label", *history.class_names, "latency_ms", "withheld"))
    for p in history.predictions:
        shares = ["" if p.withheld else f"{value:.4f}" for value in p.probabilities]
        latency = f"{p.latency_s * 1e3:.2f}"
        table.writerow((f"{p.t_start:.4f}", f"{p.t_end:.4f}", p.label or "", *shares, latency, p.withheld or ""))
    return out.getvalue()


def _table_link(history: History) -> str:
    if not history.predictions:
        return ""
    content = base64.b64encode(predictions_table(history).encode()).decode("ascii")
    return f'<p><a download="predictions.csv" href="data:text/csv;base64,{content}">All of them as a table</a></p>'


def _pictures(details: Sequence[tuple[str, QPixmap]]) -> str:
    return "".join(
        f'<h2>{escape(name)}</h2><img alt="{escape(name)}" src="data:image/png;base64,{_png(picture)}">'
        for name, picture in details
    )


def _two_models(session: SessionLike) -> str:
    found = session.comparison() if isinstance(session, Compares) else None
    if found is None or found.agreement is None:
        return ""
    rows = "".join(
        f"<tr><td>{escape(model.name)}</td><td class=muted>{escape(what_it_costs(model))}</td></tr>"
        for model in (found.mine, found.theirs)
    )
    agreed = f"{found.n_agreed} of {found.n_compared} answers agree ({found.agreement:.1%})."
    times = ", ".join(f"{clock(d.at_s)} {escape(d.mine)} | {escape(d.theirs)}" for d in found.disagreements[-20:])
    newest = f"<p class=muted>The newest disagreements: {times}</p>" if times else ""
    return f"<h2>Two models</h2><table>{rows}</table><p>{agreed}</p>{newest}"


def _summary(session: SessionLike, history: History) -> str:
    given = [p for p in history.predictions if p.withheld is None]
    if not given:
        return "<p>None was given.</p>"
    mean = np.mean([p.probabilities for p in given], axis=0)
    labels = [p.label for p in given]
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{labels.count(name) / len(labels):.0%} of the answers</td>"
        f"<td class=muted>mean probability {mean[k]:.2f}</td></tr>"
        for k, name in enumerate(history.class_names)
    )
    score = session.score()
    agreed = (
        f"<p>{score.n_correct} of {score.n_compared} answers agree with the markers ({score.accuracy:.0%}).</p>"
        if score
        else ""
    )
    n_withheld = len(history.predictions) - len(given)
    return f"<table>{rows}</table><p class=muted>{len(given)} given, {n_withheld} withheld.</p>{agreed}"


def _png(picture: QPixmap) -> str:
    memory = QBuffer()
    memory.open(QIODevice.WriteOnly)
    picture.save(memory, "PNG")
    return base64.b64encode(bytes(memory.data())).decode("ascii")
