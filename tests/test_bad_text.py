from __future__ import annotations

import pytest

from ingest.bad_text import trouble_with
from tests.fake_library import RUSSIAN, URDU

ENGLISH = (
    "The carriers of either Party may use the roads, railways and ports that are named in the annex to this Agreement for "
    "transit to the sea, as Article 2 provides. Fees do not exceed the cost of the service, and are published before they are "
    "raised. Goods in transit pay no duties, and are not opened at the border unless there is a reason to doubt their papers."
)
RUSSIAN_TEXT = RUSSIAN[0][2] * 2
URDU_TEXT = URDU[1][2]
FRENCH = "Procès-verbal du comité de démolition : l’arrêté a été présenté à l’assemblée, où l’été dernier il fut débattu. " * 2
CHINESE = "2018年第一季度报告。公司负责人、主管会计工作负责人及会计机构负责人保证季度报告中财务报表的真实、准确、完整。" * 3
ROMANIAN = "Părțile își asigură reciproc libertatea tranzitului și își comunică taxele și țările vecine aceleași. " * 2
TABLE = "Post: Torkham; Fee, USD: 12; Axles: 3\nPost: Khunjerab; Fee, USD: 14; Axles: 3\nPost: Chaman; Fee: 9; Axles: 2\n" * 2


@pytest.mark.parametrize("text", ["", "iv", "p. 12", ENGLISH, RUSSIAN_TEXT, URDU_TEXT, FRENCH, ROMANIAN, CHINESE, TABLE])
def test_sound_text_is_let_be(text: str) -> None:
    assert trouble_with(text) == ""


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("(cid:36)(cid:42)(cid:85) (cid:72)", "signs without"),
        ("/C50 /C72/C6f /C70 /C65 /C72 /c114/c121 /G2E/g0035", "signs without"),
        ("Ҩ ဌʾ ဎಱ ܆ȥ Ϝͱʸ ฏʤҨ ଋҨ ƺୡȥ " * 4, "code page"),
        ("".join(chr(ord(sign) + 0x18C) if sign.isalpha() else sign for sign in ENGLISH), "other letters"),
        ("\ue036\ue042\ue085 and", "signs without"),
        (RUSSIAN_TEXT.encode("cp1251", "ignore").decode("latin-1"), "code page"),
        (RUSSIAN_TEXT.encode("koi8-r", "ignore").decode("latin-1"), "code page"),
        (RUSSIAN_TEXT.encode().decode("latin-1"), "code page"),
        (URDU_TEXT.encode().decode("latin-1"), "code page"),
        (ENGLISH.replace(" ", ""), "no spaces"),
        (" ".join(ENGLISH.replace(" ", "")), "between letters"),
        ("".join(chr(ord(sign) + 3) if sign.isalpha() else sign for sign in ENGLISH.lower()), "other letters"),
    ],
)
def test_text_that_says_nothing_is_noticed(text: str, trouble: str) -> None:
    assert trouble in trouble_with(text)
