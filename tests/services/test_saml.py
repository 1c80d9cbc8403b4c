"""Single sign-on by SAML with assertions that are really signed: whom they let in, and every forgery that does not.

Needs requirements-sso.txt; CI runs it in a venv of its own.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.test import Client
from django.utils import timezone

from accounts import retention
from accounts.models import User
from accounts.signin.models import Change, UsedAssertion
from helpdesk.single_sign_on import saml
from tests.accounts.signin.conftest import is_in

pytest.importorskip("onelogin.saml2", reason="SAML is not installed: pip install -r requirements-sso.txt")

from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Tools

pytestmark = pytest.mark.django_db

START, ANSWER = "/accounts/saml/saml/", "/accounts/saml/saml/acs/"
SITE = "http://testserver"
ISSUER = "https://id.example.com/saml"
GROUPS = {"agent": ["helpdesk"], "auditor": ["audit"], "supervisor": ["leads"], "admin": ["owners"]}
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SAML, SAMLP = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"


@dataclass
class Identity:
    """A provider: a key, and the certificate that we know of it."""

    key: str
    certificate: str


def identity() -> Identity:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "id.example.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity(private.decode(), made.public_bytes(serialization.Encoding.PEM).decode())


@dataclass
class Wish:
    """What a provider says, or somebody who plays one."""

    answers: str = ""
    name_id: str = "u-17"
    name_id_format: str = PERSISTENT
    email: str = "Nora@Example.com"
    groups: tuple[str, ...] = ()
    issuer: str = ISSUER
    audience: str = f"{SITE}/accounts/saml/saml/metadata/"
    recipient: str = f"{SITE}{ANSWER}"
    destination: str = f"{SITE}{ANSWER}"
    minutes: int = 5
    number: str = "_a1"
    confirms: str | None = None  # the request in the signed part; as ``answers`` where it is None
    more: str = field(default="", repr=False)  # conditions


def stamp(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def attribute(name: str, *values: str) -> str:
    inner = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}">{inner}</saml:Attribute>'


def assertion(wish: Wish) -> str:
    confirmed = wish.answers if wish.confirms is None else wish.confirms
    request = f' InResponseTo="{confirmed}"' if confirmed else ""
    audience = (
        f"<saml:AudienceRestriction><saml:Audience>{wish.audience}</saml:Audience></saml:AudienceRestriction>"
    )
    said = attribute("mail", wish.email) if wish.email else ""
    said += attribute("displayName", "Nora New") + attribute("groups", *wish.groups)
    return f"""<saml:Assertion xmlns:saml="{SAML}" ID="{wish.number}" Version="2.0" IssueInstant="{stamp(0)}">
<saml:Issuer>{wish.issuer}</saml:Issuer>
<saml:Subject><saml:NameID Format="{wish.name_id_format}">{wish.name_id}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 NotOnOrAfter="{stamp(wish.minutes)}" Recipient="{wish.recipient}"{request}/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{stamp(-60)}" NotOnOrAfter="{stamp(wish.minutes)}">{audience if wish.audience else ""}</saml:Conditions>
<saml:AuthnStatement AuthnInstant="{stamp(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>{said}</saml:AttributeStatement>
</saml:Assertion>"""


def envelope(wish: Wish, inner: str) -> str:
    status = (
        "<samlp:Status><samlp:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/></samlp:Status>"
    )
    return f"""<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_r{wish.number}" Version="2.0"
 IssueInstant="{stamp(0)}" Destination="{wish.destination}" InResponseTo="{wish.answers}"><saml:Issuer>{wish.issuer}</saml:Issuer>{status}{inner}</samlp:Response>"""


def signed(
    xml: str, by: Identity, algorithm: str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
) -> str:
    digest = (
        "http://www.w3.org/2000/09/xmldsig#sha1"
        if "sha1" in algorithm
        else "http://www.w3.org/2001/04/xmlenc#sha256"
    )
    made = Tools.add_sign(xml, by.key, by.certificate, sign_algorithm=algorithm, digest_algorithm=digest)
    return made.decode() if isinstance(made, bytes) else str(made)


@pytest.fixture(scope="module")
def home() -> Identity:
    return identity()


@pytest.fixture
def house(home: Identity, settings: Any, monkeypatch: Any, tmp_path: Path) -> None:
    file = tmp_path / "idp.pem"
    file.write_text(identity().certificate + home.certificate)  # the key before is still good
    said = {
        "SAML_IDP_ENTITY_ID": ISSUER,
        "SAML_IDP_SSO_URL": "https://id.example.com/sso",
        "SAML_IDP_CERTIFICATE": str(file),
        "SAML_EMAIL_DOMAINS": "example.com",
        "SAML_NAME": "Home",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    settings.SOCIALACCOUNT_PROVIDERS = saml()
    settings.SITE_URL, settings.SSO_ROLE_GROUPS = SITE, GROUPS


def ask(browser: Client, start: str = START) -> str:
    """Begin at our log-in page; the id of the request that the provider gets."""
    page = browser.post(start)
    assert page.status_code == 200, page.content
    address = unescape(re.search(r'href="(https://id\.example\.com/sso[^"]+)"', page.content.decode())[1])
    packed = base64.b64decode(parse_qs(urlsplit(address).query)["SAMLRequest"][0])
    return str(etree.fromstring(zlib.decompress(packed, -15)).get("ID"))


def bring(browser: Client, xml: str) -> Any:
    """What the provider's page sends, and the request after its redirect."""
    first = browser.post(ANSWER, {"SAMLResponse": base64.b64encode(xml.encode()).decode(), "RelayState": ""})
    return browser.get(first.url) if first.status_code == 302 else first


@pytest.fixture
def arrive(house: None, home: Identity, web: Any) -> Callable[..., Any]:
    def go(browser: Client | None = None, start: str = START, **said: Any) -> tuple[Any, Client]:
        browser = browser or web()
        wish = Wish(answers=ask(browser, start), **said)
        return bring(browser, envelope(wish, signed(assertion(wish), home))), browser

    return go


def test_the_log_in_page_offers_it_and_a_newcomer_gets_an_account_without_rights(arrive, web):
    assert "Log in with Home" in web().get("/accounts/login/").content.decode()
    answer, browser = arrive()
    assert answer.url == "/"
    assert is_in(browser)
    nora = User.objects.get()
    assert (nora.email, nora.name, nora.role, nora.email_is_verified) == (
        "nora@example.com", "Nora New", "requester", True,
    )  # fmt: skip
    assert not nora.has_usable_password()
    assert (SocialAccount.objects.get().provider, SocialAccount.objects.get().uid) == ("saml", "u-17")
    assert list(Change.objects.values_list("what", "kind")) == [("linked", "saml")]


@pytest.mark.parametrize(
    ("groups", "role"),
    [((), "requester"), (("x",), "requester"), (("helpdesk",), "agent"), (("audit", "helpdesk"), "auditor"),
     (("x", "leads"), "supervisor"), (("owners",), "admin"), (("helpdesk,owners",), "requester")],
)  # fmt: skip
def test_groups_give_the_role_as_those_of_openid_do(arrive, groups, role):
    arrive(groups=groups)
    assert User.objects.get().role == role


def test_the_role_is_put_right_at_each_log_in(arrive):
    for number, (groups, role) in enumerate(((("owners",), "admin"), ((), "requester"))):
        arrive(groups=groups, number=f"_n{number}")
        assert User.objects.get().role == role


@pytest.mark.parametrize(
    "email", ["nora@elsewhere.example", "nora@example.com.evil.example", "", "no address"]
)
def test_an_address_that_the_provider_does_not_speak_for_opens_nothing(arrive, email):
    answer, browser = arrive(email=email)
    assert answer.status_code == 403
    assert not is_in(browser)
    assert not User.objects.exists()


def test_a_staff_account_is_not_opened_by_its_address_alone(arrive, agent):
    answer, browser = arrive(email=agent.email, groups=("leads",))
    assert answer.status_code == 403
    assert not is_in(browser)
    agent.refresh_from_db()
    assert (agent.role, SocialAccount.objects.count()) == ("agent", 0)


def test_a_requesters_account_is_opened_by_their_address(arrive, requester):
    _answer, browser = arrive(email=requester.email)
    assert is_in(browser)
    assert SocialAccount.objects.get().user == requester


def keeps_out(browser: Client, answer: Any) -> None:
    assert answer.status_code == 403
    assert "didn’t work" in answer.content.decode()
    assert not is_in(browser)
    assert not User.objects.exists()


FORGERIES: dict[str, dict[str, Any]] = {
    "wrong issuer": {"issuer": "https://evil.example/saml"},
    "wrong audience": {"audience": "https://other.example.com/metadata"},
    "no audience": {"audience": ""},
    "expired": {"minutes": -5},
    "for another recipient": {"recipient": f"https://evil.example/?{SITE}{ANSWER}"},
    "to another destination": {"destination": "https://other.example.com/acs/"},
    "confirms another request": {"confirms": "ONELOGIN_of_somebody_else"},
    "confirms no request": {"confirms": ""},
    "a name that changes": {"name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
    "a name too long": {"name_id": "x" * 192},
    "no name": {"name_id": ""},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_signed_assertion_that_is_not_for_us_now_lets_nobody_in(arrive, forgery):
    answer, browser = arrive(**FORGERIES[forgery])
    keeps_out(browser, answer)


def test_an_assertion_works_once_in_the_same_browser_and_in_no_other(house, home, web):
    browser = web()
    wish = Wish(answers=ask(browser))
    xml = envelope(wish, signed(assertion(wish), home))
    stranger = web()
    ask(stranger)
    keeps_out(stranger, bring(stranger, xml))
    bring(browser, xml)
    assert is_in(browser)
    browser.post("/accounts/logout/")
    ask(browser)
    assert bring(browser, xml).status_code == 403
    assert not is_in(browser)


def test_a_replay_under_a_new_request_is_found_by_the_assertion_itself(house, home, web):
    """Whoever could sign envelopes, or get the same assertion for another request, still gets it in once."""
    first, second = web(), web()
    for browser, number in ((first, "_same"), (second, "_same")):
        wish = Wish(answers=ask(browser), number=number)
        bring(browser, envelope(wish, signed(assertion(wish), home)))
    assert (is_in(first), is_in(second)) == (True, False)


def test_an_answer_that_nobody_asked_for_lets_nobody_in(house, home, web):
    browser = web()
    for answers in ("", "ONELOGIN_never_was"):
        wish = Wish(answers=answers)
        keeps_out(browser, bring(browser, envelope(wish, signed(assertion(wish), home))))


def test_the_signed_request_counts_and_not_that_of_the_envelope(house, home, web):
    """An unsigned envelope around somebody's assertion, addressed to the attacker's own request."""
    victim, attacker = web(), web()
    wish = Wish(answers=ask(victim))
    caught = signed(assertion(wish), home)
    keeps_out(attacker, bring(attacker, envelope(Wish(answers=ask(attacker)), caught)))


@pytest.mark.parametrize("forgery", ["unsigned", "by a stranger", "changed", "sha1", "only the envelope"])
def test_a_signature_that_does_not_hold_lets_nobody_in(house, home, web, forgery):
    browser = web()
    wish = Wish(answers=ask(browser), groups=("helpdesk",))
    plain = assertion(wish)
    made = {
        "unsigned": lambda: envelope(wish, plain),
        "by a stranger": lambda: envelope(wish, signed(plain, identity())),
        "changed": lambda: envelope(wish, signed(plain, home).replace("helpdesk", "owners")),
        "sha1": lambda: envelope(wish, signed(plain, home, "http://www.w3.org/2000/09/xmldsig#rsa-sha1")),
        "only the envelope": lambda: signed(envelope(wish, plain), home),
    }[forgery]()
    keeps_out(browser, bring(browser, made))


def evil_of(wish: Wish) -> str:
    """Another assertion under the same request: the attacker as an owner."""
    return assertion(
        Wish(
            answers=wish.answers, name_id="root", email="root@example.com", groups=("owners",), number="_evil"
        )
    )


def element(xml: str) -> Any:
    return etree.fromstring(xml.encode())


@pytest.mark.parametrize(
    "place", ["before", "after", "same id", "around", "inside the signature", "in the extensions"]
)
def test_a_signature_that_is_wrapped_around_something_else_lets_nobody_in(house, home, web, place):
    browser = web()
    wish = Wish(answers=ask(browser))
    good, evil = element(signed(assertion(wish), home)), element(evil_of(wish))
    response = element(envelope(wish, ""))
    if place in {"before", "after"}:
        response.extend([evil, good] if place == "before" else [good, evil])
    elif place == "same id":
        evil.set("ID", "_a1")
        response.extend([evil, good])
    elif place == "around":
        evil.append(good)
        response.append(evil)
    else:
        signature = good.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
        if place == "inside the signature":
            holder = etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object")
            good.remove(signature)
            holder.append(good)
            evil.insert(1, signature)
            response.append(evil)
        else:
            extensions = etree.Element(f"{{{SAMLP}}}Extensions")
            extensions.append(good)
            response.insert(1, extensions)
            response.append(evil)
    keeps_out(browser, bring(browser, etree.tostring(response).decode()))


def test_a_comment_does_not_cut_a_name(arrive):
    """A comment is not signed along: read as two texts, the address would be that of somebody else."""
    _answer, _browser = arrive(name_id="root<!-- x -->.evil", email="root@example.com<!-- x -->.evil.example")
    assert not User.objects.filter(email="root@example.com").exists()
    assert not SocialAccount.objects.filter(uid="root").exists()


@pytest.mark.parametrize(
    "xml",
    ["", "x", "<a/>", "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", "<a" * 50_000],
)
def test_what_is_no_answer_lets_nobody_in(house, web, xml):
    browser = web()
    ask(browser)
    keeps_out(browser, bring(browser, xml))


def test_what_is_no_base64_too_large_or_comes_by_no_post_lets_nobody_in(house, web):
    browser = web()
    for raw in ("%%%", "x" * 200_001):
        first = browser.post(ANSWER, {"SAMLResponse": raw})
        keeps_out(browser, browser.get(first.url) if first.status_code == 302 else first)
    keeps_out(browser, browser.get("/accounts/saml/saml/finish/"))
    assert browser.get(ANSWER).status_code == 405


def test_addresses_are_those_of_the_site_whatever_host_a_request_names(house, web, settings):
    settings.ALLOWED_HOSTS = ["*"]
    told = web().get("/accounts/saml/saml/metadata/", headers={"Host": "evil.example"}).content.decode()
    assert f'Location="{SITE}{ANSWER}"' in told
    assert "evil" not in told


def test_used_assertions_are_swept_when_they_have_run_out(arrive):
    arrive()
    retention.sweep()
    assert UsedAssertion.objects.count() == 1
    UsedAssertion.objects.update(until=timezone.now() - timedelta(seconds=1))
    retention.sweep()
    assert not UsedAssertion.objects.exists()


def test_it_leads_on_to_the_page_that_was_wanted_and_to_no_other_site(arrive):
    answer, _ = arrive(start=f"{START}?next=/accounts/profile/")
    assert answer.url == "/accounts/profile/"
    answer, _ = arrive(start=f"{START}?next=https://evil.example/", number="_b")
    assert answer.url == "/"
