"""uv installs from the same registry as pip."""

from scripts.local.registry import uv_settings


def test_pip_s_indexes_become_those_of_uv() -> None:
    config = (
        "global.index-url='https://registry.example.com/simple'\n"
        "global.extra-index-url='\\nhttps://one.example.com\\nhttps://two.example.com'\n"
        ":env:.cert='/etc/ssl/corporate.pem'\n"
        "global.timeout='60'\n"
    )

    assert uv_settings(config, {}) == {
        "UV_DEFAULT_INDEX": "https://registry.example.com/simple",
        "UV_INDEX": "https://one.example.com https://two.example.com",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "SSL_CERT_FILE": "/etc/ssl/corporate.pem",
    }


def test_what_the_user_set_for_uv_wins() -> None:
    config = "global.index-url='https://registry.example.com/simple'\n"

    assert uv_settings(config, {"UV_DEFAULT_INDEX": "https://other.example.com"}) == {}


def test_without_a_pip_configuration_uv_keeps_its_own_defaults() -> None:
    assert uv_settings("", {}) == {}
