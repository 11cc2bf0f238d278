"""The list behind ``sclcm streams``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape

from app.acquisition.device_profile import as_known
from app.acquisition.matching import describe
from app.acquisition.result_outlets import PREFIX
from app.acquisition.stream_description import StreamDescription
from sclcm_core.inference.manifest import Manifest


def stream_records(
    streams: Sequence[StreamDescription], manifests: Sequence[Manifest], profiles: Path | None = None
) -> list[dict[str, Any]]:
    """Return what each stream is, and how it fits each model.

    Parameters
    ----------
    streams : sequence of StreamDescription
        What is on the network.
    manifests : sequence of Manifest
        The models at hand.
    profiles : Path, optional
        Where it is kept what the user once said of a device.

    Returns
    -------
    list of dict
        One a stream; ``models`` maps each model to ``match``, or to ``why_not``, which ends with a ``remedy``; ``profile`` is what the
        user once said of it.
    """
    records = []
    for stream in streams:
        fits = {}
        known, said = as_known(stream, profiles) if profiles is not None else (stream, "")
        for manifest in manifests:
            described = describe(known, manifest.features)
            fits[manifest.name] = {key: described[key] for key in ("match", "why_not", "remedy")}
        records.append({**_plain(describe(stream)), "profile": said, "models": fits})
    return records


def print_streams(records: Sequence[dict[str, Any]], out: TextIO, *, as_json: bool) -> None:
    """Write the streams, in words or as one JSON object a line.

    Parameters
    ----------
    records : sequence of dict
        What `stream_records` returned.
    out : TextIO
        Where to.
    as_json : bool
        JSON lines instead of words.
    """
    if as_json:
        for record in records:
            out.write(json.dumps(record) + "\n")
        return
    console = Console(file=out, width=None if out.isatty() else 140, highlight=False)
    if not records:
        console.print(
            "No LSL stream is in reach. Start the headset's LSL program, or 'sclcm simulate' in another terminal; "
            "where multicast does not reach, name the other computer with --known-peer ADDRESS.",
            markup=False,
        )
    for record in records:
        _print_stream(console, record)


def _print_stream(console: Console, record: dict[str, Any]) -> None:
    """Write a stream; what it says of itself may hold anything, also brackets that rich would take for its own."""
    rate = f"{record['sfreq']:g} Hz" if record["sfreq"] else "irregular"
    labels = record["ch_names"]
    shown = " ".join(labels[:12]) + (" …" if len(labels) > 12 else "")
    facts = f"{record['type']}, {len(labels)} channel{'' if len(labels) == 1 else 's'}, {rate}, id {record['source_id'] or '–'}"
    console.print(f"[bold]{escape(record['name'])}[/bold]  {escape(facts)}")
    if shown:
        console.print(f"    channels: {shown}", markup=False)
    for line in _fits(record):
        console.print(f"    {line}", markup=False)


def _fits(record: dict[str, Any]) -> list[str]:
    """Return in lines what a stream is good for; models of which the same is true stand together, and a remedy stands once."""
    if record["profile"]:
        return [f"as you once said: {record['profile']}", *_fits({**record, "profile": ""})]
    if record["why_not"]:
        return [_what_else(record) or f"not usable: {record['why_not']}"]
    models: dict[str, list[str]] = {}
    remedies = []
    for name, fit in record["models"].items():
        remedy = fit["remedy"] or ""
        remedies += [remedy] if remedy else []
        why_not = (fit["why_not"] or "").removesuffix(remedy).strip()
        models.setdefault(fit["match"] or f"no: {_without_channels(why_not)}", []).append(name)
    return [f"{', '.join(names)}: {verdict}" for verdict, names in models.items()] + list(dict.fromkeys(remedies))


def _without_channels(why_not: str) -> str:
    """Leave out what stands above already: the channels of the stream."""
    needs, found, _ = why_not.partition("; the stream '")
    return f"{needs}." if found else why_not


def _what_else(record: dict[str, Any]) -> str:
    """Say of a stream without EEG what it is to this program, or nothing."""
    what = record["name"].removeprefix(f"{PREFIX} ")
    if what != record["name"] and record["source_id"].endswith(f"-{what.replace(' ', '-')}"):
        return "what this program says of a stream, for other programs"
    is_marker = record["channel_format"] == "string" or record["type"].lower() == "markers"
    return "markers: they are taken along with the EEG" if is_marker else ""


def _plain(described: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in described.items() if _is_plain(value) and key != "match"}


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
