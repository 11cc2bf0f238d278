from offline.evaluate.report import table


def test_figures_stand_to_the_right_on_one_line_and_a_sentence_in_their_place_does_not():
    sentence = "It needs two modalities, and this data set has one. Name a file of peripherals."
    page = table(("Method", "Network", "Accuracy"), [("a", "b < c", "0.512 [0.432, 0.601]"), ("d", "e", sentence)])
    assert "<th class=n>Accuracy</th>" in page and "<td class=n>0.512 [0.432, 0.601]</td>" in page
    assert f"<td>{sentence}</td>" in page and "<td>b &lt; c</td>" in page
