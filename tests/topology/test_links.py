import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo
from strnn_viz.topology.links import find_space, links
from tests.synthetic import GATES, layer_infos


def shape(infos):
    return [(link.info.name, link.source.name, link.source.role, link.target.name, link.target.role)
            for link in links(infos)]  # fmt: skip


def test_a_language_model():
    wired = links(layer_infos(hidden=24, vocabulary=120))
    assert [(w.source.name, w.source.size, w.target.name, w.target.size) for w in wired] == [
        ("Embedding: words", 120, "Embedding", 24),
        ("Embedding", 24, "LSTM layer 1", 24),
        ("LSTM layer 1", 24, "LSTM layer 1", 24),
        ("LSTM layer 1", 24, "LSTM layer 2", 24),
        ("LSTM layer 2", 24, "LSTM layer 2", 24),
        ("LSTM layer 2", 24, "Decoder", 120),
    ]
    assert [w.by_rows for w in wired] == [True] + 5 * [False]
    assert [w.recurrent for w in wired] == [False, False, True, False, True, False]
    assert wired[-1].target.role == "output"


def test_a_tied_embedding_is_the_decoder_too():
    infos = layer_infos()[:-1]
    infos[0] = LayerInfo("e", (120, 24), "embedding", "Embedding", (), ("decoder.weight",))
    *_, last = links(infos)
    assert (last.info.name, last.source.name, last.target.role, last.by_rows) == ("e", "LSTM layer 2", "output", False)


def test_a_stack_of_linear_layers():
    infos = [LayerInfo(f"w{i}", s) for i, s in enumerate([(6, 4), (5, 6), (3, 5)])]
    assert shape(infos) == [
        ("w0", "w0: input", "input", "w0", "hidden"),
        ("w1", "w0", "hidden", "w1", "hidden"),
        ("w2", "w1", "hidden", "w2", "output"),
    ]


def test_widths_that_do_not_meet_begin_anew():
    infos = [LayerInfo("w0", (6, 4)), LayerInfo("w1", (5, 7))]
    assert shape(infos)[1] == ("w1", "w1: input", "input", "w1", "output")


def test_both_halves_of_a_bidirectional_layer_read_the_same():
    infos = [LayerInfo("e", (50, 8), "embedding", "Embedding")]
    for half in ("", " backward"):
        infos += [
            LayerInfo(f"ih{half}", (32, 8), "input", f"LSTM layer 1{half}", GATES),
            LayerInfo(f"hh{half}", (32, 8), "recurrent", f"LSTM layer 1{half}", GATES),
        ]
    infos.append(LayerInfo("d", (50, 16), "linear", "Decoder"))
    found = shape(infos)
    assert [row[1] for row in found if row[0].startswith("ih")] == ["Embedding", "Embedding"]
    assert found[-1][1:3] == ("Decoder: input", "input")


def test_a_projection_is_what_others_read():
    infos = [
        LayerInfo("ih", (32, 5), "input", "LSTM layer 1", GATES),
        LayerInfo("hh", (32, 3), "recurrent", "LSTM layer 1", GATES),
        LayerInfo("hr", (3, 8), "linear", "LSTM layer 1"),
        LayerInfo("d", (9, 3), "linear", "Decoder"),
    ]
    assert [row[1:4:2] for row in shape(infos)] == [
        ("LSTM layer 1: input", "LSTM layer 1"),
        ("LSTM layer 1: projection", "LSTM layer 1"),
        ("LSTM layer 1", "LSTM layer 1: projection"),
        ("LSTM layer 1: projection", "Decoder"),
    ]


def test_units_by_name_of_layer_or_matrix():
    wired = links(layer_infos())
    assert find_space(wired, "lstm.1.weight_ih").name == "LSTM layer 2"
    assert find_space(wired, "Embedding: words").role == "word"
    with pytest.raises(
        UsageError, match="no units called 'LSTM'. There are: Embedding: words, Embedding, LSTM layer 1"
    ):
        find_space(wired, "LSTM")
