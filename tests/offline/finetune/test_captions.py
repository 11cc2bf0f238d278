import numpy as np
import pytest

from offline.finetune.captions import CLASS_WORDS, PHRASES, STATE_WORDS, class_captions, rating_caption, shuffled
from offline.finetune.text_space import text_space
from sclcm_core.inference.sentence_encoder import HashedWords


def test_every_class_has_several_words_in_several_wordings():
    captions = class_captions(("negative", "neutral", "positive"))
    assert [c.meaning for c in captions] == ["negative", "neutral", "positive"]
    for caption in captions:
        assert len(caption.texts) == len(caption.words) * len(PHRASES) >= 5
    assert "The person is happy." in captions[2].texts


def test_held_out_words_stand_in_no_caption():
    captions = class_captions(("negative", "positive"), without=("thrilled", "gloomy"))
    assert not any(word in text for c in captions for text in c.texts for word in ("thrilled", "gloomy"))


def test_a_class_without_known_words_is_called_by_its_name():
    assert class_captions(("task A", "rest"))[0].words == ("task A",)


def test_words_must_be_left_and_must_be_as_many_as_classes():
    with pytest.raises(ValueError, match="No word is left"):
        class_captions(("a", "b"), (("x",), ("y",)), without=("y",))
    with pytest.raises(ValueError, match="2 classes"):
        class_captions(("a", "b"), (("x",),))


def test_ratings_become_words_and_ratings_of_the_same_fifths_one_meaning():
    low, same, other = (rating_caption(np.array(r)) for r in ([1.2, 8.8, 5, 5], [2.4, 8.0, 9, 1], [5.0, 8.8, 5, 5]))
    assert low.meaning == same.meaning == "very unpleasant, very excited" != other.meaning
    assert low.texts != same.texts and "very unpleasant" in low.texts[0]


def test_shuffled_captions_are_the_same_ones_elsewhere():
    captions = dict(enumerate(class_captions(("negative", "neutral", "positive"))))
    mixed = shuffled(captions, [1, 2, 0])
    assert [mixed[k].meaning for k in range(3)] == ["neutral", "positive", "negative"]


def test_captions_of_one_meaning_may_be_worded_differently():
    both = [rating_caption(np.array(r)) for r in ([2.4, 8.0, 9, 1], [2.4, 8.0, 1, 9])]
    space = text_space(both, [both[0].texts], HashedWords(), 8)
    assert all(text in space.texts for caption in both for text in caption.texts)
    np.testing.assert_allclose(space.mean(list(space.texts)), space.centre, atol=1e-6)


def test_the_text_space_is_centred_orthonormal_and_knows_every_text():
    captions = class_captions(tuple(CLASS_WORDS)[:3])
    space = text_space(captions, [c.texts for c in captions], HashedWords(), 64)
    present = space.axes[np.linalg.norm(space.axes, axis=1) > 0]
    np.testing.assert_allclose(present @ present.T, np.eye(len(present)), atol=1e-5)
    assert len(present) <= len(STATE_WORDS) + 3
    means = np.stack([space.mean(c.texts) for c in captions])
    np.testing.assert_allclose(means.mean(axis=0), space.centre, atol=1e-6)
