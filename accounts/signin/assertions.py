"""What a SAML provider's signed answer says, once everything about it is right: python3-saml, and what it leaves open.

The library checks signature, issuer, times and destination. It lets an assertion pass that names no audience, and takes
what answers a request from the envelope, which need not be signed. So audience, recipient and the request that is
answered must stand in the signed assertion itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from lxml.etree import LxmlError
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Words
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from xmlsec import Error as SignatureError

SUBJECT_ID: Final = "urn:oasis:names:tc:SAML:attribute:subject-id"
LONGEST_ID: Final = 191  # of what is kept of somebody's number at the provider
BEARER_DATA: Final = (
    f"/saml:Subject/saml:SubjectConfirmation[@Method='{Words.CM_BEARER}']/saml:SubjectConfirmationData"
)


class Refused(Exception):
    """The answer lets nobody in. The message names the rule, and nothing of the person."""


@dataclass(frozen=True)
class House:
    """Who we are to the provider, and who it is: addresses as SITE_URL has them, whatever host a request names."""

    entity_id: str
    answers_to: str
    provider: str
    asks_at: str
    certificates: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """One assertion that holds; its methods are those by which django-allauth reads one."""

    attributes: dict[str, list[str]]
    name_id: str
    name_id_format: str
    answers: str
    assertion: str
    until: datetime

    def get_attributes(self) -> dict[str, list[str]]:
        return self.attributes

    def get_nameid(self) -> str:
        return self.name_id

    def get_nameid_format(self) -> str:
        return self.name_id_format


def ask(house: House) -> tuple[str, str]:
    """The id of a new request, and the provider's address with it."""
    asked = OneLogin_Saml2_Auth(_request(house), _settings(house))
    address: str = asked.login(return_to="")
    return str(asked.get_last_request_id()), address


def metadata(house: House) -> bytes:
    """What an administrator gives the provider."""
    told = OneLogin_Saml2_Settings(_settings(house), sp_validation_only=True).get_sp_metadata()
    return told if isinstance(told, bytes) else told.encode()


def read(house: House, answer: str) -> Said:
    """What the base64 of a SAML response says. Raises Refused."""
    try:
        response = OneLogin_Saml2_Response(OneLogin_Saml2_Settings(_settings(house)), answer)
        response.is_valid(_request(house), raise_exceptions=True)
        return _checked(house, response)
    except OneLogin_Saml2_ValidationError as error:
        raise Refused(_rule(error.code)) from None
    except (OneLogin_Saml2_Error, LxmlError, SignatureError, ValueError, TypeError, KeyError) as error:
        raise Refused(type(error).__name__) from None


def _checked(house: House, response: Any) -> Said:
    if house.entity_id not in response.get_audiences():
        raise Refused("no audience")
    answers = _answered(house, response)
    attributes = dict(response.get_attributes())
    name_id, form = str(response.get_nameid() or ""), str(response.get_nameid_format() or "")
    if not 0 < len(name_id) <= LONGEST_ID:
        raise Refused("no name id")
    if form == Words.NAMEID_TRANSIENT and not attributes.get(SUBJECT_ID):
        raise Refused("a name id that is another one each time")
    until = datetime.fromtimestamp(response.get_assertion_not_on_or_after(), UTC)
    return Said(attributes, name_id, form, answers, str(response.get_assertion_id()), until)


def _answered(house: House, response: Any) -> str:
    """The request that the signed assertion says it answers: to us, and still good."""
    asked = response.get_in_response_to()
    for data in response._query_assertion(BEARER_DATA):
        told = (data.get("Recipient"), data.get("InResponseTo"))
        if asked and told == (house.answers_to, asked) and response.get_assertion_not_on_or_after():
            return str(asked)
    raise Refused("no confirmation for this request")


def _rule(code: int) -> str:
    rules = vars(OneLogin_Saml2_ValidationError).items()
    return next((name.lower() for name, value in rules if value == code and name.isupper()), "invalid")


def _request(house: House) -> dict[str, Any]:
    parts = urlsplit(house.answers_to)
    return {
        "https": "on" if parts.scheme == "https" else "off", "http_host": parts.netloc, "script_name": parts.path,
        "get_data": {}, "post_data": {},
    }  # fmt: skip


def _settings(house: House) -> dict[str, Any]:
    return {
        "strict": True,
        "sp": {
            "entityId": house.entity_id,
            "assertionConsumerService": {"url": house.answers_to, "binding": Words.BINDING_HTTP_POST},
            "NameIDFormat": Words.NAMEID_UNSPECIFIED,
        },
        "idp": {
            "entityId": house.provider,
            "singleSignOnService": {"url": house.asks_at, "binding": Words.BINDING_HTTP_REDIRECT},
            "x509certMulti": {"signing": list(house.certificates)},
        },
        "security": {
            "wantAssertionsSigned": True,
            "rejectDeprecatedAlgorithm": True,
            "wantNameId": True,
            "wantAttributeStatement": True,
            "allowRepeatAttributeName": True,
            "requestedAuthnContext": False,
            "allowSingleLabelDomains": True,
        },
    }
