import pytest

from kb.config import SETTINGS, settings_from
from kb.errors import BadRequest


def test_defaults_and_relative_paths(tmp_path):
    settings = settings_from({"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "c")}, tmp_path)
    assert settings.home == tmp_path / "var"
    assert settings.corpus == tmp_path / "corpus"
    assert settings.cache == tmp_path / "c" / "wakhan"
    assert (settings.model, settings.encoder, settings.port) == ("multilingual-e5-small", "auto", 8000)


def test_an_unknown_setting_is_an_error_that_names_the_nearest(tmp_path):
    with pytest.raises(BadRequest, match=r"unknown setting KB_HOMES .*did you mean KB_HOME\?"):
        settings_from({"KB_HOMES": "x"}, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [("KB_PORT", "http"), ("KB_PORT", "70000"), ("KB_THREADS", "-1"), ("KB_ENCODER", "gpu")]
)
def test_a_value_that_does_not_parse_is_named(name, value, tmp_path):
    with pytest.raises(BadRequest, match=f"{name} is '{value}'"):
        settings_from({name: value}, tmp_path)


def test_there_are_at_most_twenty_settings_each_with_help():
    assert len(SETTINGS) <= 20
    assert all(setting.help for setting in SETTINGS)
