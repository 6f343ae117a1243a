"""Settings from the environment and `.env`, and the errors for wrong ones."""

from pathlib import Path

import pytest

from scripts.local import saved_settings
from scripts.local.errors import LocalStackError
from scripts.local.options import load_options, read_dotenv, read_options


def dotenv(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text)
    return path


def test_without_any_settings_the_stack_is_on_loopback_and_port_4566(tmp_path: Path) -> None:
    options = read_options({}, tmp_path)

    assert options.endpoint_url == "http://127.0.0.1:4566"
    assert options.local_dir == tmp_path / ".local"
    assert not options.is_auth_enforced
    assert options.settings == {}


def test_the_environment_wins_over_dotenv(tmp_path: Path) -> None:
    from_file = {"MAX_QUEUE_DEPTH": "1", "MAX_ATTEMPTS": "2"}

    options = read_options({"MAX_QUEUE_DEPTH": "9"}, tmp_path, from_file)

    assert options.settings == {"MAX_QUEUE_DEPTH": "9", "MAX_ATTEMPTS": "2"}


def test_an_empty_value_counts_as_not_set(tmp_path: Path) -> None:
    options = read_options({"GROK_MODEL": ""}, tmp_path, {"EMULATOR_PORT": ""})

    assert options.settings == {}
    assert options.port == 4566


def test_the_environment_wins_over_earlier_commands_and_these_over_dotenv(tmp_path: Path) -> None:
    dotenv = {"GROK_MODE": "mock", "MAX_ATTEMPTS": "1", "MAX_QUEUE_DEPTH": "1"}
    saved = {"GROK_MODE": "real", "MAX_ATTEMPTS": "2"}

    options = read_options({"MAX_ATTEMPTS": "3"}, tmp_path, dotenv, saved)

    assert options.settings == {"GROK_MODE": "real", "MAX_ATTEMPTS": "3", "MAX_QUEUE_DEPTH": "1"}
    assert options.kept == {"GROK_MODE": "real"}
    assert options.chosen == {"GROK_MODE": "real", "MAX_ATTEMPTS": "3"}


def test_an_empty_value_means_the_default_from_then_on(tmp_path: Path) -> None:
    dotenv, saved = {"GROK_MODE": "real"}, {"GROK_MODE": "real", "MAX_ATTEMPTS": "2"}

    first = read_options({"GROK_MODE": "", "MAX_ATTEMPTS": ""}, tmp_path, dotenv, saved)
    assert (first.settings, first.chosen) == ({}, {"GROK_MODE": ""})

    later = read_options({}, tmp_path, dotenv, first.chosen)
    assert later.settings == {}
    assert later.kept == {"GROK_MODE": ""}


def test_temporary_settings_apply_and_are_not_kept(tmp_path: Path) -> None:
    options = read_options({"MAX_ATTEMPTS": "3"}, tmp_path).for_now(RATE_LIMIT_REQUESTS="9")

    assert options.settings == {"MAX_ATTEMPTS": "3", "RATE_LIMIT_REQUESTS": "9"}
    assert options.chosen == {"MAX_ATTEMPTS": "3"}


def test_reset_forgets_what_earlier_commands_gave(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    saved_settings.write(tmp_path / "mine" / "settings.json", {"EMULATOR_PORT": "4611"})
    place = {"LOCAL_DIR": "mine"}

    assert load_options(place, tmp_path).port == 4611
    assert load_options(place | {"RESET": "1"}, tmp_path).port == 4566


def test_damaged_saved_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "settings.json").write_text('{"A": 1}')

    with pytest.raises(LocalStackError, match=r"settings\.json cannot be read: delete it"):
        load_options({}, tmp_path)


def test_saved_settings_are_shown_in_one_line_and_long_ones_cut() -> None:
    saved = {"B": "two\nlines", "A": "x" * 41}

    assert saved_settings.shown(saved) == f"A={'x' * 39}…, B=two lines"


def test_grok_s_key_is_kept_apart_from_the_settings_and_is_not_shown(tmp_path: Path) -> None:
    options = read_options({"GROK_API_KEY": "xai-secret"}, tmp_path)

    assert options.grok_api_key == "xai-secret"
    assert options.settings == {}
    assert "xai-secret" not in repr(options)


def test_dotenv_may_quote_comment_export_and_span_lines(tmp_path: Path) -> None:
    path = dotenv(tmp_path, '# a comment\nexport A=1\n\nB="two words" # why\nC="one\ntwo"\n')

    assert read_dotenv(path) == {"A": "1", "B": "two words", "C": "one\ntwo"}


def test_no_dotenv_is_no_settings(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / ".env") == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("GROK_MODE mock\n", 1),
        ("A=1\n\n# comment\nGROK_MODE\n", 4),
        ('A=1\nB="never closed\n', 2),
        ("A=1\n=2\n", 2),
    ],
)
def test_a_broken_line_of_dotenv_is_named_but_not_quoted(
    tmp_path: Path, text: str, line: int
) -> None:
    with pytest.raises(LocalStackError) as caught:
        read_dotenv(dotenv(tmp_path, text))

    assert str(caught.value) == f".env, line {line} is not of the form NAME=value."


def test_a_dotenv_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")

    with pytest.raises(LocalStackError, match="not a UTF-8 text file"):
        read_dotenv(tmp_path / ".env")


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "45.66"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    with pytest.raises(LocalStackError, match="not a port number"):
        read_options({"EMULATOR_PORT": port}, tmp_path)


@pytest.mark.parametrize("host", ["8.8.8.8", "example.com", "2001:4860:4860::8888"])
def test_the_emulator_never_listens_on_an_address_of_another_machine(
    tmp_path: Path, host: str
) -> None:
    with pytest.raises(LocalStackError, match="not an address of this machine"):
        read_options({"EMULATOR_BIND_HOST": host}, tmp_path)


@pytest.mark.parametrize(
    ("bind_host", "endpoint"),
    [
        ("172.17.0.1", "http://172.17.0.1:4566"),
        ("0.0.0.0", "http://127.0.0.1:4566"),
    ],
)
def test_the_endpoint_is_an_address_that_the_emulator_listens_on(
    tmp_path: Path, bind_host: str, endpoint: str
) -> None:
    options = read_options({"EMULATOR_BIND_HOST": bind_host}, tmp_path)

    assert options.endpoint_url == endpoint
