import numpy as np
import pytest

from sclcm_core.inference.sentence_encoder import HASHED, HashedWords, TextError, unit
from sclcm_core.inference.word_stats import WordStats, packed, unpacked
from sclcm_core.inference.words import WordMatcher, WordTable
from sclcm_core.types import Prediction


def table(encoder=HASHED, n_shared=8, seed=0):
    rng = np.random.default_rng(seed)
    centre, projection = (rng.normal(0, 0.1, shape).astype(np.float32) for shape in (384, (n_shared, 384)))
    empty = WordTable(encoder, ("feels {}", "is {}"), (), np.zeros((0, n_shared), np.float32), centre, projection)
    words = ("calm", "thrilled")
    vectors = np.stack([empty.vector(word, HashedWords()) for word in words])
    return WordTable(encoder, empty.phrases, words, vectors, centre, projection, frozenset({"calm"}))


def prediction(embedding, t_end=1.0, withheld=None):
    return Prediction(np.ones(2, np.float32) / 2, ("a", "b"), 0, 0.0, t_end, 0.0, 0.0, withheld, None, None, embedding)


def test_an_embedding_at_a_word_matches_it_best():
    words = table()
    matcher = WordMatcher(words, ["thrilled", "calm"])
    found = matcher.push(prediction(3.0 * words.vectors[0]))
    assert [match.word for match in found] == ["thrilled", "calm"]
    assert found[1].similarity == pytest.approx(1.0, abs=1e-6) and found[0].similarity < 1.0


def test_words_of_no_caption_are_marked_as_new():
    matcher = WordMatcher(table(), ["calm", "thrilled", "gloomy"])
    assert [m.is_new for m in matcher.push(prediction(np.ones(8, np.float32)))] == [False, True, True]


def test_a_stored_word_lies_where_the_encoder_would_put_it():
    words = table()
    np.testing.assert_allclose(words.vector("calm"), words.vector("calm", HashedWords()), atol=1e-6)


def test_without_the_package_stored_words_work_and_new_ones_say_what_to_do(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    words = table(encoder="all-MiniLM-L6-v2")
    matcher = WordMatcher(words, ["calm"])
    with pytest.raises(TextError, match=r"stores \(calm, thrilled\).*pip install"):
        matcher.choose(["calm", "gloomy"])
    assert matcher.words == ("calm",)


def test_repeated_and_empty_words_count_once():
    assert WordMatcher(table(), ["calm ", "", " calm", "very   sad"]).words == ("calm", "very sad")


def test_matches_are_smoothed_in_time_and_begin_anew_after_a_withheld_window():
    words = table()
    matcher = WordMatcher(words, ["calm"], smoothing_s=1.0)
    matcher.push(prediction(words.vectors[0], 0.0))
    second = matcher.push(prediction(-words.vectors[0], 1.0))[0].similarity
    assert second == pytest.approx(1.0 - 2.0 * (1 - np.exp(-1.0)), abs=1e-5)
    assert matcher.push(prediction(None, 2.0, withheld="gap")) == ()
    assert matcher.push(prediction(-words.vectors[0], 3.0))[0].similarity == pytest.approx(-1.0, abs=1e-5)


def test_a_table_survives_the_manifest():
    words = table()
    stats = WordStats.model_validate_json(WordStats.of(words).model_dump_json())
    back = stats.table()
    assert (back.words, back.phrases, back.in_captions) == (words.words, words.phrases, words.in_captions)
    np.testing.assert_allclose(back.projection, words.projection, atol=1e-3)
    np.testing.assert_allclose(back.vector("gloomy"), words.vector("gloomy"), atol=5e-3)


def test_matrices_of_another_size_are_refused():
    stats = WordStats.of(table()).model_dump()
    with pytest.raises(ValueError, match="words"):
        WordStats.model_validate(stats | {"vectors": packed(np.zeros((2, 3), np.float32))})
    with pytest.raises(ValueError, match="base64"):
        unpacked("not base64!", 1)


def test_unit_leaves_nothing_as_nothing():
    assert not unit(np.zeros((1, 3), np.float32)).any()
