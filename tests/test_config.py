import pytest

from kb.config import SETTINGS, ModelServer, settings_from
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


def with_model(tmp_path, **values):
    return settings_from({"KB_LLM_URL": "http://127.0.0.1:8080/v1", "KB_LLM_MODEL": "m"} | values, tmp_path)


def test_a_language_model_is_none_unless_set(tmp_path):
    assert settings_from({}, tmp_path).llm is None
    assert with_model(tmp_path, KB_LLM_KEY_FILE="key", KB_LLM_TIMEOUT="30").llm == ModelServer(
        "http://127.0.0.1:8080/v1", "m", tmp_path / "key", 30
    )
    assert with_model(tmp_path).llm == ModelServer("http://127.0.0.1:8080/v1", "m", None, 60)


@pytest.mark.parametrize("url", ["http://localhost:1/v1", "http://[::1]:8080/v1", "http://127.8.8.8", "https://llm.example/v1"])
def test_addresses_that_a_key_may_be_sent_to(url, tmp_path):
    assert with_model(tmp_path, KB_LLM_URL=url).llm.url == url


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"KB_LLM_URL": "http://10.0.0.5:8080/v1"}, "others take https"),
        ({"KB_LLM_URL": "http://localhost.evil.example/v1"}, "others take https"),
        ({"KB_LLM_URL": "http://2130706433/v1"}, "others take https"),
        ({"KB_LLM_URL": "ftp://llm.example"}, "takes an address"),
        ({"KB_LLM_URL": "llm.example/v1"}, "takes an address"),
        ({"KB_LLM_URL": "https://llm.example/v1?key=x"}, "without query"),
        ({"KB_LLM_URL": "https://llm.example/v1#x"}, "without query"),
        ({"KB_LLM_URL": "https://llm.example/a b"}, "takes an address"),
        ({"KB_LLM_URL": "https://llm.example:99999/v1"}, "is no address"),
        ({"KB_LLM_URL": "https://"}, "takes an address"),
        ({"KB_LLM_MODEL": ""}, "KB_LLM_MODEL is not set"),
        ({"KB_LLM_URL": ""}, "KB_LLM_URL is not set"),
        ({"KB_LLM_URL": "", "KB_LLM_MODEL": "", "KB_LLM_KEY_FILE": "k"}, "KB_LLM_URL is not set"),
        ({"KB_LLM_TIMEOUT": "0"}, "from 1 to 600"),
        ({"KB_LLM_TIMEOUT": "601"}, "600"),
        ({"KB_LLM_TIMEOUT": "soon"}, "600"),
    ],
)
def test_half_set_or_unsafe_language_models_are_refused(values, said, tmp_path):
    with pytest.raises(BadRequest, match=said):
        with_model(tmp_path, **values)


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path):
    with pytest.raises(BadRequest, match="KB_LLM_KEY_FILE") as refused:
        with_model(tmp_path, KB_LLM_URL="https://user:sk-secret@llm.example/v1")
    assert "sk-secret" not in str(refused.value)
