"""What the command play does: a recording on the network, led by lines that the user types."""

from __future__ import annotations

import argparse
import sys
import threading

from app.acquisition.replay_outlet import ReplayOutlet

HELP = "Type 'pause', 'play', 'seek SECONDS' or 'speed X'; Ctrl-C ends it."


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
        sys.stderr.write(f"'{arguments.file}' (source id {outlet.source_id}) is on the network. {HELP}\n")
        for note in outlet.notes:  # what the reader assumed or found odd; it was read in a process that logs nowhere
            sys.stderr.write(f"sclcm: note: {note}\n")
        if sys.stdin.isatty():
            threading.Thread(target=_pass_commands, args=(outlet,), name="commands", daemon=True).start()
        while outlet.is_running and not outlet.wait(0.2):
            pass
    return 0


def _pass_commands(outlet: ReplayOutlet) -> None:
    """Pass what the user types to the player."""
    plain = {"pause": outlet.pause, "play": outlet.play}
    with_value = {"seek": outlet.seek, "speed": outlet.set_speed}
    for line in sys.stdin:
        word, _, value = line.strip().partition(" ")
        try:
            if word in plain:
                plain[word]()
            elif word in with_value:
                with_value[word](float(value))
            elif word:
                sys.stderr.write(f"'{word}' is no command. {HELP}\n")
        except ValueError as error:
            sys.stderr.write(f"{error}. {HELP}\n")
