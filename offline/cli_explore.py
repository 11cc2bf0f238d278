"""The subcommands that look at a data set: explore and audit."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from offline.config import DatasetConfig
    from offline.datasets.window_set import WindowSet
    from sclcm_core.features.spec import FeatureSpec

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], None]
"""Prints a table: header, rows."""

_EXPLORE = """\
Write one HTML page that shows what is in a data set: how much there is of each class, topographies of each class and of the
differences between them, effect sizes over people with corrected significance, a spectrogram with the labels, and the quality of
each recording. Nothing is trained.

  sclcm-offline explore eegmat --data-root ../shared/data/eegmat
"""

_AUDIT = """\
Ask how much of an accuracy is stimulus identity. The same classifier is tested on unseen people with seen stimuli, with unseen
stimuli, and with labels dealt to the stimuli at random; probes ask how well stimulus and person can be read from the features.
Writes a table and a picture.

  sclcm-offline audit simulated --option stimulus_effect=1 --option class_effect=0
"""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands to a command line.

    Parameters
    ----------
    commands : argparse subparsers
        Those of 'sclcm-offline'.
    """
    kind = argparse.RawDescriptionHelpFormatter
    for name, summary, text in (
        ("explore", "show what is in a data set, as one HTML page", _EXPLORE),
        ("audit", "ask how much of an accuracy is stimulus identity", _AUDIT),
    ):
        command = commands.add_parser(name, help=summary, description=text, formatter_class=kind)
        command.add_argument("what", metavar="DATASET", help="name of a data set, or a run config (its data and its features)")
        command.add_argument("--data-root", type=Path, metavar="DIR", help="folder of the data set")
        command.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="option of the data set")
        command.add_argument("--subjects", metavar="A,B,...", help="people to read (default: all)")
        command.add_argument("--out", type=Path, metavar="DIR", help=f"folder for the results (default: {name}/DATASET)")
        if name == "audit":
            command.add_argument("--cache", type=Path, metavar="DIR", help="folder in which frames are kept for the next time")
            command.add_argument("--seed", type=int, default=0, metavar="N", help="determines groups and deals (default: 0)")


def run_explore(options: argparse.Namespace, print_table: Table) -> None:
    """Write the page.

    Parameters
    ----------
    options : argparse.Namespace
        What the user asked for.
    print_table : callable
        Prints a table.
    """
    from offline.explore import explore
    from offline.progress import progress_bar

    asked, spec = _asked(options)
    path = (options.out or Path("explore") / asked.name) / "explore.html"
    if spec is not None:
        spec = spec.model_copy(update={"pairs": ()})  # a head has places for electrodes, none for differences
    with progress_bar("explore") as report:
        found = explore(
            asked.name,
            _root(asked, options),
            path,
            options=asked.options,
            subjects=_subjects(options),
            spec=spec,
            progress=report,
        )
    seconds = [sum(r.duration_s for r in found.recordings if r.label == k) for k in range(len(found.class_names))]
    rows = [(name, f"{s / 60:.1f}") for name, s in zip(found.class_names, seconds, strict=True)]
    print_table(("class", "minutes"), [*rows, ("people", str(len(found.subject_names))), ("page", str(path))])


def run_audit(options: argparse.Namespace, print_table: Table) -> None:
    """Write the table and the picture.

    Parameters
    ----------
    options : argparse.Namespace
        What the user asked for.
    print_table : callable
        Prints a table.
    """
    from offline.datasets.audit import audit
    from offline.datasets.audit_plot import plot_audit
    from offline.progress import progress_bar

    asked, spec = _asked(options)
    with progress_bar("audit") as report:
        found = audit(_windows(options, asked, spec, report), seed=options.seed, progress=report)
    folder = options.out or Path("audit") / asked.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "audit.md").write_text(found.table(), encoding="utf-8")
    plot_audit(found, folder / "audit.png")
    rows = [(s.what, s.unit, s.text, f"{s.chance:.3f}") for s in found.scores]
    print_table(("asked", "of", "score [95 %]", "chance"), rows)
    print_table(("what follows",), [(verdict,) for verdict in found.verdicts])
    print_table(("results",), [(str(folder),)])


def _windows(options: argparse.Namespace, asked: DatasetConfig, spec: FeatureSpec | None, report: Any) -> WindowSet:
    from offline.datasets import find_dataset, load_windows
    from offline.explore import usual_spec

    root = _root(asked, options)
    chosen = spec or usual_spec(find_dataset(asked.name, asked.options).resolve(root), root, n_frames=2)
    subjects = _subjects(options)
    return load_windows(
        asked.name, root, chosen, options=asked.options, subjects=subjects, cache_dir=options.cache, progress=report
    )


def _asked(options: argparse.Namespace) -> tuple[DatasetConfig, FeatureSpec | None]:
    """Read which data set is meant; a config says the features too."""
    from offline.config import DatasetConfig, load_config

    if options.what.endswith(".toml"):
        config = load_config(Path(options.what))
        extra = {**config.dataset.options, **_key_values(options.option)}
        return config.dataset.model_copy(update={"options": extra}), config.features
    return DatasetConfig(name=options.what, options=_key_values(options.option)), None


def _key_values(texts: Sequence[str]) -> dict[str, bool | int | float | str]:
    from sclcm_core.errors import ConfigError

    out: dict[str, bool | int | float | str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"The option '{text}' has no value.", "Write it as KEY=VALUE.")
        out[key.strip()] = _value(value.strip())
    return out


def _value(text: str) -> bool | int | float | str:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _root(asked: DatasetConfig, options: argparse.Namespace) -> Path | None:
    from offline.roots import data_root

    return data_root(asked, options.data_root)


def _subjects(options: argparse.Namespace) -> list[str] | None:
    return options.subjects.split(",") if options.subjects else None
