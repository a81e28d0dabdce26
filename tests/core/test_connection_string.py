"""A connection string becomes what may be said of it, or a sentence; its secrets are in neither."""

from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediation.core.connection_string import ConnectionStringError, parse

CANARY = "cAnArY-0f-a-pAssw0rd"
ATLAS = f"mongodb+srv://app:{CANARY}@dev-starttech-cluster.ab1cd.mongodb.net/starttech?retryWrites=true&w=majority"


def test_what_atlas_hands_out_is_understood() -> None:
    string = parse(ATLAS)
    assert msgspec.to_builtins(string.shape) == {
        "scheme": "mongodb+srv",
        "hosts": ("dev-starttech-cluster.ab1cd.mongodb.net",),
        "database": "starttech",
        "options": ("retryWrites=true", "w=majority"),
    }
    assert (string.records, string.tls) == (True, True)
    login = string.login()
    assert login is not None
    assert (login.user.reveal(), login.password.reveal(), login.source) == ("app", CANARY, "starttech")


def test_hosts_have_the_port_that_they_say_or_mongodbs_own() -> None:
    string = parse("mongodb://a.example:27018,b.example,[fd00::7]:27019/")
    assert string.hosts == (("a.example", 27018), ("b.example", 27017), ("fd00::7", 27019))
    assert string.login() is None


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert parse("mongodb://[fd00::7]:27019,a.example/").shape.hosts == ("[fd00::7]:27019", "a.example:27017")


def test_a_mechanism_without_a_password_needs_none() -> None:
    string = parse("mongodb://CN%3Dapp@h.example/?authMechanism=MONGODB-X509")
    assert (string.login(), string.mechanism) == (None, "MONGODB-X509")


def test_a_user_and_a_password_are_percent_decoded() -> None:
    login = parse("mongodb://a%40b:p%2F%3A%25%20w@h.example/").login()
    assert login is not None
    assert (login.user.reveal(), login.password.reveal(), login.source) == ("a@b", "p/:% w", "admin")


@pytest.mark.parametrize(
    ("text", "tls"),
    [
        ("mongodb://h.example/", False),
        ("mongodb://h.example/?tls=true", True),
        ("mongodb://h.example/?SSL=true", True),
        ("mongodb+srv://h.example.net/", True),
        ("mongodb+srv://h.example.net/?tls=false", False),
    ],
)
def test_tls_is_wanted_where_the_string_or_its_scheme_says_so(text: str, tls: bool) -> None:
    assert parse(text).tls is tls


@pytest.mark.parametrize(
    ("options", "txt", "source"),
    [("", "", "db"), ("?authSource=users", "admin", "users"), ("", "admin", "admin")],
)
def test_the_string_says_where_its_user_is_kept_before_the_record_and_that_before_the_database(
    options: str, txt: str, source: str
) -> None:
    login = parse(f"mongodb://u:p@h.example/db{options}").login(txt)
    assert login is not None
    assert login.source == source


def test_an_option_whose_value_may_be_a_secret_is_only_named() -> None:
    shape = parse(f"mongodb://h.example/?authMechanismProperties=AWS_SESSION_TOKEN:{CANARY}&appName={CANARY}").shape
    assert shape.options == ("authMechanismProperties", "appName")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begins with neither"),
        (CANARY, "begins with neither"),
        (f"mongodb:/{CANARY}", "begins with neither"),
        (f"http://{CANARY}@h.example", "begins with neither"),
        (f"mongodb://u:{CANARY}@x@h.example/", "an @, a / or a ?"),
        (f"mongodb://u:1/{CANARY}@h.example/db", "an @, a / or a ?"),
        (f"mongodb://u:1?{CANARY}@h.example/db", "an @, a / or a ?"),
        (f"mongodb://u:{CANARY}:x@h.example/", "no percent-encoded user"),
        (f"mongodb://u:{CANARY}%zz@h.example/", "no percent-encoded user"),
        (f"mongodb://:{CANARY}@h.example/", "no percent-encoded user"),
        (f"mongodb://{CANARY}@h.example/", "names a user and no password"),
        (f"mongodb://{CANARY}:@h.example/", "names a user and no password"),
        (f"mongodb://{CANARY}@h.example/?authMechanism=SCRAM-SHA-1", "names a user and no password"),
        (f"mongodb://u:{CANARY}", "One of its hosts"),
        (f"mongodb://u:{CANARY}@", "One of its hosts"),
        ("mongodb://h.example:0/", "One of its hosts"),
        ("mongodb://h.example:65536/", "One of its hosts"),
        (f"mongodb://h.example/{CANARY}.x y", "database's name"),
        (f"mongodb://h.example/?{CANARY}", "One of its options"),
        (f"mongodb://h.example/?w={CANARY}%z", "One of its options"),
        (f"mongodb+srv://u:{CANARY}@a.b.example,c.d.example/", "one name of three parts"),
        (f"mongodb+srv://u:{CANARY}@a.b.example:27017/", "one name of three parts"),
        (f"mongodb+srv://u:{CANARY}@b.example/", "one name of three parts"),
    ],
)
def test_what_is_not_understood_is_a_sentence_that_quotes_nothing(text: str, why: str) -> None:
    with pytest.raises(ConnectionStringError, match=why) as caught:
        parse(text)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_path_may_stand_in_an_option_as_it_is() -> None:
    assert parse("mongodb://h.example/db?tlsCAFile=/etc/ca.pem&tls=true").shape.options == ("tlsCAFile", "tls=true")


@given(st.text(max_size=20), st.text(max_size=20), st.booleans(), st.sampled_from(["mongodb", "mongodb+srv", "x"]))
def test_a_password_is_shown_nowhere_whatever_stands_around_it(
    before: str, after: str, encoded: bool, scheme: str
) -> None:
    password = f"{before}{CANARY}{after}"
    said = quote(password, safe="") if encoded else password
    text = f"{scheme}://user:{said}@a.b.example/starttech?w=majority"
    assert CANARY not in shown(text)
    if encoded and scheme != "x":
        login = parse(text).login()
        assert login is not None
        assert login.password.reveal() == password


@given(st.text(alphabet="mongodb+srv:/@?&=%,.;[]-_ aZ09\n", max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    for each in (text, f"mongodb://{text}", f"mongodb+srv://u:{CANARY}@{text}"):
        assert CANARY not in shown(each)


def shown(text: str) -> str:
    """Return all that anybody could be shown of a connection string, or of the error that it is refused with."""
    try:
        string = parse(text)
    except ConnectionStringError as error:
        return f"{error!r}{error}{error.__cause__!r}{error.__context__!r}"
    return f"{string!r}{string}{string.login()!r}{string.shape!r}"
