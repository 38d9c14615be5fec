"""Names to endpoints; keys go only where they belong, and are never shown."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.client import Endpoint, Secret, Timeouts, resolve
from math500.client.endpoint import is_local, proxy_for, without_credentials
from math500.client.vendors import BY_PREFIX, VENDORS
from math500.errors import KeyRejected, UsageError
from math500.records import ModelInfo

KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.prefix)
def test_a_vendor_is_known_by_its_prefix(vendor: object) -> None:
    row = BY_PREFIX[vendor.prefix]  # type: ignore[attr-defined]
    endpoint = resolve(f"{row.prefix}/some/model", None, {row.key_names[0]: KEY})
    assert (endpoint.base_url, endpoint.model) == (row.base_url, "some/model")
    assert endpoint.key == Secret(KEY)
    assert endpoint.key_name == row.key_names[0]
    assert endpoint.limit_field == row.limit_field
    assert endpoint.info() == ModelInfo(
        name=f"{row.prefix}/some/model", served_name="some/model", base_url=row.base_url
    )


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.prefix)
def test_a_missing_key_is_told_with_its_variable(vendor: object) -> None:
    row = BY_PREFIX[vendor.prefix]  # type: ignore[attr-defined]
    with pytest.raises(KeyRejected) as refused:
        resolve(f"{row.prefix}/m", None, {"UNRELATED_API_KEY": KEY, row.key_names[0]: "  "})
    assert row.key_names[0] in str(refused.value)
    assert "MATH500_API_KEY" in refused.value.next_step


def test_one_variable_overrides_all_others() -> None:
    endpoint = resolve("openai/m", None, {"OPENAI_API_KEY": "other", "MATH500_API_KEY": f" {KEY}\n"})
    assert endpoint.key == Secret(KEY)
    assert endpoint.key_name == "MATH500_API_KEY"


def test_a_local_server_needs_no_key_and_gets_none() -> None:
    endpoint = resolve("my/model", "http://localhost:8000/v1", {"OPENAI_API_KEY": KEY})
    assert endpoint.key is None
    assert endpoint.model == "my/model"
    assert endpoint.key_name == "MATH500_API_KEY"


def test_a_vendors_key_does_not_go_to_a_stranger() -> None:
    environ = {vendor.key_names[0]: KEY for vendor in VENDORS}
    assert resolve("openai/gpt-x", "https://gateway.example/v1", environ).key is None
    assert resolve("openai/gpt-x", "https://gateway.example/v1", {"MATH500_API_KEY": KEY}).key == Secret(KEY)


def test_a_vendors_key_goes_to_the_vendors_own_host() -> None:
    endpoint = resolve("m", "https://api.deepseek.com/beta", {"DEEPSEEK_API_KEY": KEY})
    assert endpoint.key == Secret(KEY)
    with pytest.raises(KeyRejected, match="DEEPSEEK_API_KEY"):
        resolve("m", "https://api.deepseek.com/beta", {"OPENAI_API_KEY": KEY})


def test_the_variable_that_moves_openai_is_honoured() -> None:
    environ = {"OPENAI_BASE_URL": "http://localhost:1234/v1", "OPENAI_API_KEY": KEY}
    assert resolve("openai/m", None, environ).base_url == "http://localhost:1234/v1"
    assert resolve("openai/m", None, {"OPENAI_BASE_URL": "http://localhost:1234/v1"}).key is None


@pytest.mark.parametrize("key", ["with space\tinside\nand more", "schlüssel", "a\x00b"])
def test_a_key_that_no_header_can_carry_is_told(key: str) -> None:
    with pytest.raises(KeyRejected, match="OPENAI_API_KEY holds characters") as refused:
        resolve("openai/m", None, {"OPENAI_API_KEY": key})
    assert key not in str(refused.value)


@pytest.mark.parametrize("name", ["gpt-4o-mini", "nobody/m", "openai/", "/m", ""])
def test_a_name_without_a_place_lists_the_places(name: str) -> None:
    with pytest.raises(UsageError, match="--base-url") as refused:
        resolve(name, None, {})
    assert all(vendor.prefix in refused.value.next_step for vendor in VENDORS)


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "ftp://h/v1", "http://", "http://h:99999/v1", "http://[::1/v1", "", "h"]
)
def test_what_is_not_an_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="http://HOST:PORT/v1"):
        resolve("m", url, {})


@pytest.mark.parametrize("tail", ["", "/", "/chat/completions", "/chat/completions/", "/completions", " "])
def test_an_address_may_be_pasted_with_its_tail(tail: str) -> None:
    assert resolve("m", f"http://h:1/v1{tail}", {}).base_url == "http://h:1/v1"


def test_a_password_in_the_address_becomes_a_header() -> None:
    endpoint = resolve("m", "http://user:p%40ss@h:1/v1", {})
    assert endpoint.base_url == "http://h:1/v1"
    assert endpoint.headers == {"Authorization": "Basic dXNlcjpwQHNz"}
    assert "p@ss" not in repr(endpoint)
    assert "dXNl" not in repr(endpoint)


@given(st.text(min_size=8, max_size=40, alphabet=st.characters(min_codepoint=33, max_codepoint=126)))
def test_a_key_is_never_shown(key: str) -> None:
    def shown(key: str) -> str:
        endpoint = Endpoint(
            "http://host.example/v1", "model", key=Secret(key), headers={"x": key}, proxy=f"http://u:{key}@p"
        )
        return f"{endpoint} {endpoint!r} {endpoint.key} {endpoint.key!r} {endpoint.info()}"

    assert shown(key) == shown("quite another key"), "it changes nothing that is shown"


def test_a_key_does_not_leave_the_process() -> None:
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(Secret(KEY))
    with pytest.raises(TypeError, match="not written"):
        copy.deepcopy(Secret(KEY))


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://[::1]:80/v1", True),
        ("http://192.168.1.7:80/v1", True),
        ("http://10.0.0.1/v1", True),
        ("http://box.local/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://8.8.8.8/v1", False),
    ],
)
def test_what_is_local(url: str, local: bool) -> None:
    assert is_local(url) is local


PROXIES = {"HTTPS_PROXY": "http://p:1", "http_proxy": "http://q:2"}


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://h/v1", PROXIES, "http://p:1"),
        ("http://h/v1", PROXIES, "http://q:2"),
        ("http://h/v1", {"ALL_PROXY": "socks5://s:3"}, "socks5://s:3"),
        ("https://h/v1", {**PROXIES, "https_proxy": "http://lower:1"}, "http://lower:1"),
        ("https://localhost/v1", PROXIES, None),
        ("http://127.0.0.1:8000/v1", PROXIES, None),
        ("https://a.corp.example/v1", {**PROXIES, "NO_PROXY": "x, .corp.example"}, None),
        ("https://corp.example/v1", {**PROXIES, "no_proxy": "corp.example"}, None),
        ("https://notcorp.example/v1", {**PROXIES, "no_proxy": "corp.example"}, "http://p:1"),
        ("https://10.2.3.4/v1", {**PROXIES, "no_proxy": "10.0.0.0/8"}, None),
        ("https://h/v1", {**PROXIES, "no_proxy": "*"}, None),
        ("https://h/v1", {}, None),
    ],
)
def test_the_proxy_of_the_environment(url: str, environ: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, environ) == proxy
    assert resolve("m", url, environ).proxy == proxy


def test_what_is_given_wins_over_the_environment() -> None:
    timeouts = Timeouts(connect=1)
    endpoint = resolve(
        "m",
        "https://h/v1",
        PROXIES,
        proxy="socks5://s:1",
        ca_file="ca.pem",
        headers={"a": "b"},
        timeouts=timeouts,
    )
    assert (endpoint.proxy, endpoint.ca_file, endpoint.timeouts) == ("socks5://s:1", "ca.pem", timeouts)
    assert endpoint.headers == {"a": "b"}
    assert resolve("m", "https://h/v1", PROXIES, proxy="").proxy is None


@given(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"[a-zA-Z0-9!$]{1,12}", fullmatch=True))
def test_an_address_is_shown_without_its_password(user: str, password: str) -> None:
    assert without_credentials(f"https://{user}:{password}@h:1/v1?key={password}") == "https://h:1/v1"
