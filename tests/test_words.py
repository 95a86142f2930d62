from kb.words import query_stems, stems


def test_function_words_go_unless_nothing_else_is_left():
    assert query_stems("When was the QTTA signed?") == ["qtta", "sign"]
    assert query_stems("what is it") == ["what", "is", "it"]
    assert query_stems("Какова протяжённость линии?") == stems("протяженность линии")


def test_the_mark_of_a_note_is_no_part_of_a_word():
    assert stems("the agreement¹ of 2023²") == stems("the agreement of 2023")
