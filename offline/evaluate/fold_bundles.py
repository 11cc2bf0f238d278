"""The networks of a cross-validation as bundles: each has never seen the people that its fold tests on."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Mapping
from pathlib import Path

from offline.config import Line, RunConfig
from offline.datasets.fold import Fold
from offline.datasets.window_set import WindowSet
from offline.evaluate.calibration import fit_temperature
from offline.evaluate.cross_validate import fold_fingerprint
from offline.evaluate.sealed import open_and_sealed
from offline.finetune.classify import network_outputs
from offline.finetune.fit import fit_ensemble
from offline.quantize.export import export_network
from offline.seeds import Seed
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle, embed_manifest, load_bundle
from sclcm_core.inference.manifest import Manifest, NormaliserStats, TrainingData, Trust


def fold_bundle(config: RunConfig, windows: WindowSet, fold: Fold, folder: Path) -> Bundle:
    """Return the bundle of a fold, trained when it is not there yet.

    Parameters
    ----------
    config : RunConfig
        The recipe.
    windows : WindowSet
        All windows.
    fold : Fold
        Who is trained and validated on; the test side is not looked at.
    folder : Path
        Where bundles are kept, by the hash of everything they depend on.

    Returns
    -------
    Bundle
        Float32, with a temperature for each normaliser from the validation people.
    """
    path = folder / f"{fold_fingerprint(config, windows, fold)}.onnx"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _train(config, windows, fold, path)
    return load_bundle(path)


def _train(config: RunConfig, windows: WindowSet, fold: Fold, path: Path) -> None:
    data, _, population = open_and_sealed(windows, fold, config.lines)
    ensemble = fit_ensemble(config, data, Seed(config.seed).of("fold", fold.name)).ensemble
    temperatures = {
        line: fit_temperature(network_outputs(ensemble, inputs.features), inputs.label)
        for line, inputs in zip(config.lines, data.validation, strict=True)
    }
    with tempfile.TemporaryDirectory() as made:
        network_path = Path(made) / "network.onnx"
        export_network(ensemble, config.features.input_shape, network_path)
        embed_manifest(network_path, _manifest(config, windows, fold, population, temperatures), path)


def _manifest(
    config: RunConfig, windows: WindowSet, fold: Fold, population: Normaliser, temperatures: Mapping[Line, float]
) -> Manifest:
    card = windows.dataset
    own = temperatures.get("personal")
    mean, sd = (tuple(tuple(row) for row in matrix.tolist()) for matrix in (population.mean, population.sd))
    return Manifest(
        format_version=1,
        name=f"{config.name}-{fold.name}",
        title=f"{config.title}, without {fold.name}",
        target=card.target,
        class_names=windows.class_names,
        features=config.features,
        normaliser=NormaliserStats(mean=mean, sd=sd),
        personal_baseline="personal" in config.lines,
        temperature=temperatures.get("population", 1.0),
        personal=None if own is None else Trust(temperature=own, typicality=None, abstention=()),
        training_data=TrainingData(
            name=card.title,
            licence=card.licence,
            attribution=card.attribution,
            n_subjects=len(set(windows.subject[fold.train].tolist())),
            left_out=(fold.name,),
            simulated=card.simulated,
        ),
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        config=f"{config.name}.toml",
    )  # type: ignore[call-arg]
