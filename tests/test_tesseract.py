from __future__ import annotations

import pytest

from ingest.tesseract import Engine, find_engine, script_told

ALL = Engine("/usr/bin/tesseract", frozenset({"eng", "rus", "urd", "kaz", "osd"}))
ENGLISH = Engine("/usr/bin/tesseract", frozenset({"eng"}))


@pytest.mark.parametrize(
    ("language", "models", "with_english_alone"),
    [
        ("en", "eng", "eng"),
        ("ru", "rus+eng", ""),
        ("kk", "kaz+eng", ""),
        ("tg", "rus+eng", ""),
        ("fa", "urd+eng", ""),
        ("tr", "eng", "eng"),
        ("zh", "", ""),
        ("fr", "eng", "eng"),
    ],
)
def test_models_by_language(language: str, models: str, with_english_alone: str) -> None:
    assert (ALL.for_language(language), ENGLISH.for_language(language)) == (models, with_english_alone)


def test_models_by_script() -> None:
    assert ALL.for_script(script_told("Page number: 0\nScript: Cyrillic\nScript confidence: 9\n")) == "rus+eng"
    assert ALL.for_script(script_told("Too few characters. Skipping this page\n")) == "eng+rus+urd+kaz"


def test_commands() -> None:
    assert ALL.command("osd")[3:5] == ("--psm", "0")
    assert ALL.command("eng")[3:5] == ("--psm", "1")
    assert ENGLISH.command("eng")[3:5] == ("--psm", "3")  # without its data, asking for the direction is an error


def test_no_program_and_one_that_does_not_answer(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_engine() is None
    fake = tmp_path / "tesseract"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    assert find_engine() is None
    fake.write_text('#!/bin/sh\necho "List of available languages (2):"\necho eng\necho osd\n')
    assert find_engine() == Engine(str(fake), frozenset({"eng", "osd"}), "List of available languages (2):")
