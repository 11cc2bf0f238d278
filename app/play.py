"""What the command play does: a recording on the network, led by lines that the user types."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterable

from app.acquisition.replay_outlet import ReplayOutlet

HELP = "Type 'pause', 'play', 'seek SECONDS', 'speed X', 'loop on' or 'loop off'; Ctrl-C ends it."


def play_command(arguments: argparse.Namespace) -> int:
    """Put a recording on the network."""
    outlet = ReplayOutlet(
        arguments.file,
        arguments.speed,
        loop=arguments.loop,
        wait_s=0.0,
        trial=arguments.trial,
        name=arguments.name,
        source_id=arguments.source_id,
        faults=arguments.fault,
    )
    with outlet:
        _tell(f"'{arguments.file}' (source id {outlet.source_id}) is on the network. {HELP}")
        for note in outlet.notes:  # what the reader assumed or found odd; it was read in a process that logs nowhere
            _tell(f"sclcm: note: {note}")
        if sys.stdin is not None and sys.stdin.isatty():
            threading.Thread(target=pass_commands, args=(sys.stdin, outlet), name="commands", daemon=True).start()
        while outlet.is_running and not outlet.wait(0.2):
            pass
        has_failed = outlet.has_failed
    _tell("The player has ended before the recording." if has_failed else "The recording has been played to its end.")
    return int(has_failed)


def pass_commands(lines: Iterable[str], outlet: ReplayOutlet) -> None:
    """Pass what the user types to the player, and say what cannot be done.

    Parameters
    ----------
    lines : iterable of str
        What is typed.
    outlet : ReplayOutlet
        The player.
    """
    for line in lines:
        words = line.split()
        try:
            if words:
                _do(words[0], words[1:], outlet)
        except ValueError as error:
            _tell(f"{error} {HELP}")


def _do(word: str, values: list[str], outlet: ReplayOutlet) -> None:
    plain: dict[str, Callable[[], None]] = {"pause": outlet.pause, "play": outlet.play}
    with_number: dict[str, Callable[[float], None]] = {"seek": outlet.seek, "speed": outlet.set_speed}
    if word in plain and not values:
        plain[word]()
    elif word in with_number:
        with_number[word](_number(word, values))
    elif word == "loop" and values in (["on"], ["off"]):
        outlet.set_loop(values == ["on"])
    else:
        raise ValueError(f"'{' '.join([word, *values])}' is no command.")


def _number(word: str, values: list[str]) -> float:
    try:
        (text,) = values
        return float(text)
    except ValueError:
        raise ValueError(f"'{word}' needs a number after it.") from None


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
