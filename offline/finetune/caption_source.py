"""Where captions come from: the classes of the labelled trials, or what viewers of DEAP said of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from offline.config import DatasetConfig, RunConfig
from offline.datasets.deap import Deap
from offline.datasets.registry import find_dataset
from offline.finetune.captions import Caption, class_captions, prompts, rating_caption, shuffled
from offline.finetune.eegclip import EegClip
from offline.finetune.options import EegclipOptions
from offline.finetune.text_space import text_space
from offline.pretrain.method import Setting
from offline.roots import data_root
from offline.training.inputs import Inputs
from offline.training.networks import build_classifier
from sclcm_core.errors import ConfigError
from sclcm_core.inference.sentence_encoder import find_sentence_encoder
from sclcm_core.types import Float64Array


def build_eegclip(setting: Setting) -> EegClip:
    """Return the alignment of a run's windows with captions.

    Parameters
    ----------
    setting : Setting
        What every method is given.

    Returns
    -------
    EegClip
        Not trained yet.
    """
    options = EegclipOptions.model_validate(setting.config.finetune.options)
    captions = trial_captions(setting.config, options, setting.known)
    if options.shuffle_captions:
        captions = shuffled(captions, setting.seed.of("shuffle").rng().permutation(len(captions)).tolist())
    class_prompts = prompts_of_classes(setting.config, options)
    if len(class_prompts) != setting.n_classes:
        raise ConfigError(
            f"There are words for {len(class_prompts)} classes; the windows have {setting.n_classes}.",
            "Set finetune.options.class_words, one list of words a class.",
        )
    encoder = find_sentence_encoder(options.encoder)
    space = text_space(captions.values(), class_prompts, encoder, options.n_space)
    network = build_classifier(setting.config, setting.encoder, setting.n_classes, setting.seed)
    return EegClip(
        network,
        setting.config.finetune,
        options,
        setting.known,
        setting.validation,
        captions=captions,
        class_prompts=class_prompts,
        space=space,
    )


def class_names(config: RunConfig, options: EegclipOptions) -> tuple[str, ...]:
    """Return what the classes are called: as the options say, or as the data set does."""
    if options.class_words:
        return tuple(words[0] for words in options.class_words)
    return find_dataset(config.dataset.name, config.dataset.options).resolve(data_root(config.dataset)).class_names


def captions_of_classes(config: RunConfig, options: EegclipOptions) -> tuple[Caption, ...]:
    """Return what training may say of each class.

    Parameters
    ----------
    config : RunConfig
        Which data set.
    options : EegclipOptions
        Words, and which of them are held out.

    Returns
    -------
    tuple of Caption
        In the order of the labels.
    """
    try:
        return class_captions(class_names(config, options), options.class_words, without=options.held_out_words)
    except ValueError as error:
        raise ConfigError(
            f"Words for the classes: {error}", "Correct finetune.options.class_words or held_out_words."
        ) from error


def prompts_of_classes(config: RunConfig, options: EegclipOptions) -> tuple[tuple[str, ...], ...]:
    """Return the sentences that stand for each class when windows are told apart.

    Parameters
    ----------
    config : RunConfig
        Which data set.
    options : EegclipOptions
        Words, and which of them are held out.

    Returns
    -------
    tuple of tuple of str
        Of all words of the class; where words are held out, of these alone, so that no prompt stood in a caption.
    """
    spoken = class_captions(class_names(config, options), options.class_words)
    if not options.held_out_words:
        return tuple(prompts(caption.words) for caption in spoken)
    kept = [tuple(word for word in caption.words if word in options.held_out_words) for caption in spoken]
    if not all(kept):
        lacking = ", ".join(caption.meaning for caption, words in zip(spoken, kept, strict=True) if not words)
        raise ConfigError(f"No held-out word stands for: {lacking}.", "Hold out at least one word of every class, or none.")
    return tuple(prompts(words) for words in kept)


def trial_captions(config: RunConfig, options: EegclipOptions, windows: Inputs) -> dict[int, Caption]:
    """Return what is said of each trial.

    Parameters
    ----------
    config : RunConfig
        Which data set.
    options : EegclipOptions
        Where captions come from.
    windows : Inputs
        Whose trials.

    Returns
    -------
    dict of int to Caption
        By trial.
    """
    trials, first = np.unique(windows.trial, return_index=True)
    if options.captions == "labels":
        of_class = captions_of_classes(config, options)
        return {int(t): of_class[int(windows.label[k])] for t, k in zip(trials, first, strict=True)}
    ratings = deap_ratings(config)
    _check_ratings(config, ratings, trials.tolist(), windows.label[first].tolist())
    return {int(trial): rating_caption(ratings[int(trial)]) for trial in trials}


def deap_ratings(config: RunConfig) -> Float64Array:
    """Read what viewers said.

    Parameters
    ----------
    config : RunConfig
        A config of DEAP.

    Returns
    -------
    ndarray of float64, shape (n_trials, 4)
        Valence, arousal, dominance and liking, 1 to 9, trial after trial as the windows number them.

    Raises
    ------
    ConfigError
        When the data set has no such ratings.
    """
    return _stated_ratings(config.dataset.model_dump_json())


@lru_cache(maxsize=8)
def _stated_ratings(section: str) -> Float64Array:
    """Read them once in this process: they lie beside the signals, in files of a hundred megabytes."""
    config = DatasetConfig.model_validate_json(section)
    dataset = find_dataset(config.name, config.options)
    if not isinstance(dataset, Deap):
        raise ConfigError(
            f"The data set '{config.name}' has no ratings of valence and arousal to caption.",
            "Set finetune.options.captions = 'labels'.",
        )
    sources = dataset.sources(data_root(config))
    kept = [source for source in sources if source.subject not in config.without_subjects]
    ratings = np.concatenate([dataset.stated_ratings(source) for source in kept])
    ratings.setflags(write=False)  # whoever asks next gets the same
    return ratings


def _check_ratings(config: RunConfig, ratings: Float64Array, trials: Sequence[int], labels: Sequence[int]) -> None:
    """Refuse ratings that do not give the labels that the windows have: another folder, or another order."""
    dataset = find_dataset(config.dataset.name, config.dataset.options)
    if not isinstance(dataset, Deap):
        return
    column = dataset.column(ratings)
    per_subject = [dataset.scale().labels(column[start : start + 40]) for start in range(0, len(column), 40)]
    found = np.concatenate(per_subject)
    if max(trials) >= len(found) or any(found[t] != label for t, label in zip(trials, labels, strict=True)):
        raise ConfigError(
            "The ratings do not belong to the windows: their classes differ.",
            "Name the folder in the config (dataset.root) that the windows are read from.",
        )
