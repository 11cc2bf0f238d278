"""The command line: sclcm demo | live | replay | play | rerun | calibrate | experiment | report | sessions | streams | ..."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from app import cli_experiment
from app.cli_people import OneMoreModel, add_people
from app.cli_values import pace, positive, share, speed
from sclcm_core.errors import SclcmError, file_error

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

DEMO_MODEL = "emotion-simulated"
LIVE_MODEL = "workload-eegmat"

# One thread for each numeric library: a second one buys nothing at these sizes and costs the window its frame rate.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

_EPILOG = """\
examples:
  sclcm demo                                        a simulated headset over real LSL, and the window
  sclcm streams                                     what is on the network, and which models it fits
  sclcm live --type EEG --baseline 60               your headset; the first minute of rest is your baseline
  sclcm replay rec.edf --model workload-eegmat      a recording, as if it were live
  sclcm replay rec.edf --speed max --headless --json > predictions.jsonl

Each command has its own help: sclcm replay --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0 success, 2 something the user can mend."""
    arguments = build_parser().parse_args(argv)
    if arguments.verbose:
        logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(name)s: %(message)s")
    else:
        logging.basicConfig(level=logging.WARNING, format="sclcm: %(message)s")  # what a user is told, not where in the program
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except SclcmError as error:
        sys.stderr.write(f"sclcm: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except ImportError as error:  # a library that was interrupted while it loaded
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            return 130
        raise
    except BrokenPipeError:  # the reader of our output has left
        sys.stderr.close()
        return 0
    except OSError as error:
        if (told := file_error(error)) is None:
            raise
        sys.stderr.write(f"sclcm: {told}\n")
        return 2


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="sclcm",
        description="Live emotion and workload recognition from EEG over LSL.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    _add_demo(commands)
    _add_live(commands)
    _add_replay(commands)
    _add_play(commands)
    _add_rerun(commands)
    cli_experiment.add_commands(commands, _command, _add_device, _add_network)
    _add_streams(commands)
    _add_models(commands)
    _add_simulate(commands)
    _add_doctor(commands)
    _add_screenshots(commands)
    return parser


def _command(commands: Commands, name: str, run: str, summary: str, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verbose", action="store_true", help="say on stderr what is going on")
    parser.set_defaults(command=_Lazily(run))
    return parser


class _Lazily:
    """Imports a command's function when it is called, so that --help stays fast."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, arguments: argparse.Namespace) -> int:
        from app import main as commands

        run: Callable[[argparse.Namespace], int] = getattr(commands, self._name)
        if "session_id" in arguments:
            commands.set_up_network(arguments)
        return run(arguments)


def _add_demo(commands: Commands) -> None:
    parser = _command(
        commands,
        "demo",
        "run_demo",
        "a simulated headset over real LSL, and the window",
        "Starts a simulated headset (8 channels incl. T7 and T8, 250 Hz) as an LSL outlet in a process of its own, and shows its\n"
        "EEG and the live predictions. Needs no hardware. What you see is simulated, and the window says so. The model starts with\n"
        "a minute of the simulated person's rest as the baseline, unless --baseline says otherwise.",
    )
    _add_common(parser, DEMO_MODEL)
    parser.add_argument("--seed", type=int, default=None, help="which simulated person wears the headset (default: a new one)")
    _add_baseline(parser)
    _add_risk(parser)
    _add_network(parser)


def _add_live(commands: Commands) -> None:
    parser = _command(
        commands,
        "live",
        "run_live",
        "your headset over LSL",
        "Connects to an EEG stream on the network. With several streams, choose by --name, --type or --source-id;\n"
        "'sclcm streams' lists them and says which models they fit.",
    )
    _add_common(parser, LIVE_MODEL, several=True)
    parser.add_argument("--name", help="name of the stream")
    add_people(parser)
    parser.add_argument("--type", help="type of the stream (usually EEG)")
    parser.add_argument("--source-id", help="unique id of the device")
    parser.add_argument(
        "--timeout", type=positive, default=10.0, metavar="S", help="how long to look for it, in s (default 10)"
    )
    _add_baseline(parser)
    _add_risk(parser)
    _add_device(parser)
    _add_network(parser)


def _add_replay(commands: Commands) -> None:
    parser = _command(
        commands,
        "replay",
        "run_replay",
        "a recording, as if it were live",
        "Plays a recording through the same path as a headset. Formats: EDF, BDF, FIF, SET, BrainVision, XDF, and more.\n"
        "With --speed max every window is predicted, none is skipped, and the result is the same at every run.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording")
    _add_common(parser, LIVE_MODEL)
    parser.add_argument(
        "--speed", type=speed, default=1.0, metavar="X|max", help="times real time, 0.25 to 20, or 'max' (default 1)"
    )
    parser.add_argument("--via-lsl", action="store_true", help="through a real LSL outlet and inlet")
    parser.add_argument(
        "--trial", default=None, metavar="N", help="which trial, person or EEG stream of a file that holds several"
    )
    _add_baseline(parser)
    _add_risk(parser)
    _add_device(parser)
    _add_network(parser)


def _add_play(commands: Commands) -> None:
    parser = _command(
        commands,
        "play",
        "run_play",
        "a recording on the network, as a mock headset",
        "Puts a recording on LSL with the stamps of a headset, its labels as a marker stream. Other programs see a device.\n"
        "Type 'pause', 'play', 'seek SECONDS', 'speed X', 'loop on' or 'loop off' while it runs.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording")
    parser.add_argument("--speed", type=pace, default=1.0, metavar="X", help="times real time, 0.25 to 20 (default 1)")
    parser.add_argument("--loop", action="store_true", help="begin again at the end")
    parser.add_argument(
        "--trial", default=None, metavar="N", help="which trial, person or EEG stream of a file that holds several"
    )
    parser.add_argument("--name", default="", help="name of the stream (default: that of the recording)")
    parser.add_argument("--source-id", default=None, help="unique id of the device (default: a new one)")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="WHAT",
        help="what goes wrong, for teaching and tests, as KIND[:VALUE][@START][/CHANNEL]: drop:3s@10 loses three seconds after ten, "
        "flat:5s@2/T7 holds T7 still; kinds: drop, mute, freeze, restart, kill, jitter, drift, jump, nan, flat, railed, line, "
        "offset, loss; may be given several times",
    )
    _add_network(parser)


def _add_rerun(commands: Commands) -> None:
    parser = _command(
        commands,
        "rerun",
        "run_rerun",
        "a recorded session again, to the same predictions",
        "Runs a session that was recorded with --record through the same model again and compares: every prediction comes out the\n"
        "same, bit for bit, or the exit status is 1. With --model another model is run over the recording.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.xdf", help="the recorded session")
    parser.add_argument(
        "--model", default=None, metavar="NAME_OR_PATH", help="another model bundle (default: the session's own)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_doctor(commands: Commands) -> None:
    parser = _command(
        commands,
        "doctor",
        "run_doctor",
        "what is wrong with this machine, and what to do",
        "Looks at the versions, the LSL library, the network, the visible streams, the time from sending to receiving, and how long\n"
        "each model takes here. The exit status is 0 when all is well, 1 otherwise.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    _add_network(parser)


def _add_screenshots(commands: Commands) -> None:
    parser = _command(
        commands,
        "screenshots",
        "run_screenshots",
        "pictures of everything there is to see",
        "Writes a PNG of the whole window and of each view in each theme, of the dialogs, the audience mode and the states, with\n"
        "a simulated headset and without a display.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to")
    parser.add_argument("--model", default=DEMO_MODEL, metavar="NAME_OR_PATH", help=f"the model bundle (default {DEMO_MODEL})")


def _add_streams(commands: Commands) -> None:
    parser = _command(
        commands,
        "streams",
        "run_streams",
        "what is on the network, and which models it fits",
        "Lists the LSL streams in reach with their channels, rates and units, and how each would be matched to a model.",
    )
    parser.add_argument("--model", metavar="NAME_OR_PATH", help="match against this model only")
    parser.add_argument("--seconds", type=positive, default=2.0, metavar="S", help="how long to listen, in s (default 2)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    _add_network(parser)


def _add_models(commands: Commands) -> None:
    parser = _command(
        commands,
        "models",
        "run_models",
        "the models at hand: what they tell, from what, and how well",
        "Lists the model bundles at hand: what they predict, from which channels, what they were trained on, and how well the\n"
        "recipe does on people it has not seen, with 95 % intervals.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_simulate(commands: Commands) -> None:
    parser = _command(
        commands,
        "simulate",
        "run_simulate",
        "the simulated headset alone, as an LSL outlet",
        "Puts a simulated headset on the network: an EEG stream, and a marker stream that tells its state. Ends with Ctrl-C.",
    )
    parser.add_argument("--name", default="SCLCM simulated headset", help="name of the stream")
    parser.add_argument("--source-id", default=None, help="unique id of the device (default: a new one)")
    parser.add_argument("--seed", type=int, default=None, help="which simulated person wears it (default: a new one)")
    parser.add_argument("--seconds", type=positive, default=None, metavar="S", help="end after this long, in s")
    _add_network(parser)


def _add_common(parser: argparse.ArgumentParser, model: str, *, several: bool = False) -> None:
    words = f"the model bundle (default {model})"
    if several:
        parser.add_argument("--model", action=OneMoreModel, dest="models", default=[model], metavar="NAME_OR_PATH", help=words)
    else:
        parser.add_argument("--model", default=model, metavar="NAME_OR_PATH", help=words)
    parser.add_argument("--seconds", type=positive, default=None, metavar="S", help="end after this much of the stream, in s")
    parser.add_argument("--headless", action="store_true", help="no window; predictions on stdout")
    parser.add_argument(
        "--record",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="record EEG, markers, predictions, quality and events as one XDF file in this folder; never overwrites",
    )
    parser.add_argument(
        "--compare",
        default=None,
        metavar="NAME_OR_PATH",
        help="a second model on the same windows: agreement, disagreements, and what each costs",
    )
    parser.add_argument(
        "--words",
        default=None,
        metavar="A,B,...",
        help="how well the EEG matches these words, with a model that shares a space with text ('words-simulated')",
    )
    parser.add_argument("--no-raw", action="store_true", help="with --record: keep no EEG, only what was said of it")
    outside = parser.add_argument_group("results for others (LSL streams of them are always on)")
    outside.add_argument("--osc", default=None, metavar="HOST:PORT", help="send them over Open Sound Control")
    outside.add_argument(
        "--websocket", type=int, default=None, metavar="PORT", help="serve them as JSON over WebSocket, here only"
    )
    parser.add_argument("--json", action="store_true", help="with --headless: one JSON object a line")


def _add_baseline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--baseline",
        default=None,
        metavar="FILE|SECONDS",
        help="the person's own normaliser: from a rest recording, or from the first SECONDS of the stream "
        "(predictions are withheld meanwhile); a minute of rest is worth a lot",
    )


def _add_risk(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--risk",
        type=share,
        default=None,
        metavar="X",
        help="share of wrong answers to be held to, such as 0.2: the model says nothing where it is not sure enough",
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    device = parser.add_argument_group("the device, when it says too little of itself (kept for the next time)")
    device.add_argument(
        "--electrodes",
        default=None,
        metavar="LABEL=NAME,...",
        help="which channel is which electrode, by label or by number from 1: 3=T7,4=T8",
    )
    device.add_argument(
        "--scale", type=positive, default=None, metavar="X", help="what its samples are multiplied by to give µV"
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    network = parser.add_argument_group("network (the settings file can hold these too)")
    network.add_argument("--session-id", default=None, metavar="ID", help="only streams of this LSL session are seen")
    network.add_argument(
        "--known-peer",
        action="append",
        default=None,
        metavar="ADDRESS",
        help="a computer to ask directly where multicast does not reach; may be given several times",
    )


if __name__ == "__main__":
    sys.exit(main())
