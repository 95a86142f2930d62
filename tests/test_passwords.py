from __future__ import annotations

from pathlib import Path

import pypdf
import pytest

from ingest.__main__ import main
from ingest.discovery import discover
from ingest.passwords import Passwords, passwords_from
from ingest.sandbox import Helpers, read_sandboxed
from ingest.sources import PDF
from kb.records import Failure, SourceFile

GOLDEN = Path(__file__).parent / "golden" / "treaty.pdf"


def source(uri: str) -> SourceFile:
    return SourceFile(uri, uri, PDF, "")


def test_lines(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text("for all\n\nlaw/*.pdf\twith space \n", encoding="utf-8")
    passwords = passwords_from(path)
    assert passwords.of(source("law/a.pdf")) == ("for all", "with space ")
    assert passwords.of(source("news/a.pdf")) == ("for all",)
    assert "with" not in repr(passwords)


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "holds no password"), (b"a\n\tsecret\n", "line 2"), (b"*\t\n", "line 1"), (b"\xff\xfe", "UTF-8")]
)
def test_a_faulty_file_is_told_without_its_content(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "passwords"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told) as raised:
        passwords_from(path)
    assert "secret" not in str(raised.value)


def test_a_missing_file_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["reindex", "--password-file", str(tmp_path / "nowhere")])
    assert ended.value.code == 2
    assert "nowhere cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_locked_file_opens_with_its_password_and_is_refused_without(tmp_path: Path, algorithm: str) -> None:
    writer = pypdf.PdfWriter(clone_from=GOLDEN)
    writer.encrypt("secret ✓" if algorithm == "AES-256" else "secret", "owner", algorithm=algorithm)
    writer.write(tmp_path / "a.pdf")
    files = discover(tmp_path, "c").files
    word = "secret ✓" if algorithm == "AES-256" else "secret"
    for passwords, told in (((), "no password is given"), (("*", "wrong"), "none of the 1 passwords")):
        pairs = (passwords,) if passwords else ()
        ((_, refused),) = read_sandboxed(files, helpers=Helpers(passwords_of=Passwords(pairs).of))
        assert isinstance(refused, Failure) and told in refused.reason and "--password-file" in refused.reason
    ((_, read),) = read_sandboxed(files, helpers=Helpers(passwords_of=Passwords((("*", "wrong"), ("c/*", word))).of))
    assert not isinstance(read, Failure)
    assert [page.label for page in read[0].pages] == ["i", "ii", "1", "2"]
