"""The subcommands around experiments: calibrate, experiment, report, sessions."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from app.cli_values import positive

MODEL = "workload-eegmat"

MakeCommand = Callable[..., argparse.ArgumentParser]
AddOptions = Callable[[argparse.ArgumentParser], None]

_CALIBRATE = """\
Fits a model to one person. From a stream it leads through rest and labelled blocks; from a recording or a recorded session it takes
the blocks that the markers tell of. The result is judged on blocks that were held out, and kept only when it is better than chance
and not worse than the model as it is:

  sclcm calibrate --type EEG --as ada                      in a window: a minute of rest, then words
  sclcm calibrate --type EEG --as ada --rest-only          the rest alone, kept for the next sessions
  sclcm calibrate session.xdf --as ada                     from a session that was recorded
  sclcm calibrate rec.edf --as ada --mapping labels.toml   markers of another program, and what they mean
  sclcm calibrate --model ada --undo                       which model it was made from

A mapping file says  [labels] "S  1" = "calm" ..., rest = ["S 10"], ends = ["S 99"], duration_s = 20.
The exit status is 0 when a personal model was written, 1 when the calibration was not accepted.
"""

_EXPERIMENT = """\
Shows what a protocol file says (texts, images, videos, sounds, ratings), marks each moment on LSL and in the recording under the
time at which it was on the screen, and keeps everything of the session in one folder. 'sclcm report FOLDER' reads it.

  sclcm experiment protocol.toml --type EEG --subject 07
"""


def add_commands(commands: object, command: MakeCommand, add_device: AddOptions, add_network: AddOptions) -> None:
    """Add the subcommands.

    Parameters
    ----------
    commands : argparse subparsers
        Those of 'sclcm'.
    command : callable
        Makes a parser that calls a function of the composition root.
    add_device, add_network : callable
        Add the options that several commands share.
    """
    calibrate = command(commands, "calibrate", "run_calibrate", "fit a model to one person, in two minutes", _CALIBRATE)
    calibrate.add_argument("--person", metavar="NAME", help="whose session, in a recording of several people: all its parts")
    calibrate.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="a recording, or a recorded session; else a stream"
    )
    _add_calibrate(calibrate)
    experiment = command(commands, "experiment", "run_experiment", "a protocol with stimuli, markers and ratings", _EXPERIMENT)
    experiment.add_argument("protocol", type=Path, metavar="PROTOCOL.toml", help="the protocol file")
    experiment.add_argument("--subject", default="01", metavar="CODE", help="a code of the person, no name (default 01)")
    experiment.add_argument(
        "--sessions", type=Path, default=Path("sessions"), metavar="FOLDER", help="folder of all sessions (default: sessions)"
    )
    for parser in (calibrate, experiment):
        _add_stream(parser)
        add_device(parser)
        add_network(parser)
    _add_report(command(commands, "report", "run_report", "what a session came to, as HTML, PNG and tables", _REPORT))
    sessions = command(commands, "sessions", "run_sessions", "list sessions, or delete one whole", _SESSIONS)
    sessions.add_argument("action", nargs="?", default="list", choices=("list", "delete"), help="what to do (default: list)")
    sessions.add_argument("name", nargs="?", metavar="NAME", help="which session to delete: ses-..., or sub-.../ses-...")
    sessions.add_argument("--sessions", type=Path, default=Path("sessions"), metavar="FOLDER", help="folder of all sessions")


_REPORT = """\
Writes one HTML page, a picture and tables: predictions per stimulus with intervals, the time course with its markers, the quality of
the signal, predictions against labels and ratings, and everything that was withheld, with the reasons.
"""

_SESSIONS = """\
Lists the sessions in a folder, or deletes one with everything of it: recordings, tables, reports. What is deleted cannot be had back.
"""


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="save_as", metavar="NAME", help="name of the personal model (default: MODEL-personal)")
    parser.add_argument("--out", type=Path, metavar="FILE.onnx", help="write it there instead of among your own models")
    parser.add_argument("--undo", action="store_true", help="say which model --model was made from")
    parser.add_argument("--protocol", type=Path, metavar="FILE.toml", help="your own protocol instead of words")
    parser.add_argument("--rest-only", action="store_true", help="measure the rest alone")
    parser.add_argument("--rest", type=positive, default=60.0, metavar="S", help="how long the rest is, in s (default 60)")
    parser.add_argument("--classes", metavar="A,B,...", help="what the words ask for (default: the model's classes)")
    parser.add_argument("--blocks", type=_two_or_more, default=6, metavar="N", help="blocks of each class (default 6)")
    parser.add_argument(
        "--block-seconds",
        type=positive,
        default=15.0,
        metavar="S",
        help="length of a block, in s (default 15, or what the model needs)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--record", type=Path, metavar="FOLDER", help="record the calibration as an XDF file in this folder")


def _add_stream(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=MODEL, metavar="NAME_OR_PATH", help=f"the model bundle (default {MODEL})")
    parser.add_argument("--name", help="name of the stream")
    parser.add_argument("--type", help="type of the stream (usually EEG)")
    parser.add_argument("--source-id", help="unique id of the device")
    parser.add_argument(
        "--timeout", type=positive, default=10.0, metavar="S", help="how long to look for it, in s (default 10)"
    )
    parser.add_argument("--simulated", action="store_true", help="a simulated headset, whose head feels what is presented")
    parser.add_argument("--seed", type=int, metavar="N", help="determines the order (default: drawn, and kept in the session)")
    parser.add_argument("--mapping", type=Path, metavar="FILE.toml", help="another program presents; what its markers mean")
    parser.add_argument("--seconds", type=positive, metavar="S", help="with --mapping: how long, in s")
    parser.add_argument("--headless", action="store_true", help="lines of text instead of a window; no ratings")
    parser.add_argument("--windowed", action="store_true", help="a window instead of the full screen")
    parser.add_argument("--no-raw", action="store_true", help="keep no EEG, only markers, predictions, quality and events")
    parser.set_defaults(osc=None, websocket=None)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--person", metavar="NAME", help="whose session, in a recording of several people (default: everybody's)"
    )
    parser.add_argument("session", type=Path, metavar="SESSION", help="folder of a session, or a recording of one")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where to (default: 'report', or 'report-RECORDING', beside the recording)"
    )
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE.toml",
        help="what markers of another program mean (default: as kept)",
    )


def _two_or_more(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 2 up: one block of each class is held out")
    return int(text)
