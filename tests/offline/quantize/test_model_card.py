import numpy as np

from offline.quantize.ladder import TEXTS
from offline.quantize.model_card import how_rounded, words_part
from sclcm_core.inference.word_stats import WordStats
from sclcm_core.inference.words import WordTable


def test_a_card_tells_the_words_of_the_captions_from_others_and_a_model_without_words_has_no_such_part():
    places, projection = np.eye(3, 2, dtype=np.float32), np.ones((2, 4), np.float32)
    words = ("calm", "happy", "jealous")
    table = WordTable("mini", ("It is {}.",), words, places, np.zeros(4, np.float32), projection, frozenset(("calm", "happy")))
    heading, what, lists = words_part(WordStats.of(table))
    assert heading == "## Words" and "3 words" in what and "mini" in what
    assert lists.splitlines()[0].endswith("calm, happy") and lists.splitlines()[1].endswith("jealous")
    assert words_part(None) == ()


def test_a_card_says_for_how_many_epochs_a_network_was_finetuned_under_rounding():
    assert how_rounded(TEXTS["aware"], "aware", 5).endswith("finetuned under rounding for 5 epochs")
    assert how_rounded(TEXTS["static"], "static", 5) == TEXTS["static"]
