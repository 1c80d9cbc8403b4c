"""What stands below what an agent writes to customers: their own words, else the house's, else nothing."""

from __future__ import annotations

import re
from typing import Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ValidationError

from accounts.models import User

LONGEST: Final = 500
_VARIABLE: Final = re.compile(r"\{([^{}\n]{1,40})\}")
#: Variables and what they give, for people.
VARIABLES: Final = {"agent": "your name", "company": "the company’s name"}


def check(text: str) -> None:
    """ValidationError where ``text`` names a variable that there is not."""
    unknown = sorted(set(_VARIABLE.findall(text)) - VARIABLES.keys())
    if unknown:
        named = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        raise ValidationError(f"There is no {named}. A signature may use {known}.", code="variable")


def signature_of(agent: User) -> str:
    """In full; empty where neither the agent nor the house has one."""
    values = {"agent": agent.name.strip() or agent.email, "company": settings.COMPANY_NAME}
    text = agent.signature.strip() or settings.AGENT_SIGNATURE.strip()
    # Put in once, and never read for variables again: a name is a name.
    return _VARIABLE.sub(lambda found: values.get(found.group(1), found.group()), text)


def signed(text: str, agent: User) -> str:
    """``text`` with the agent's signature below it; once, however often it is sent again."""
    signature, body = signature_of(agent), text.rstrip()
    return body if not signature or body.endswith(signature) else f"{body}\n\n{signature}"


@register()
def check_house(**kwargs: object) -> list[CheckMessage]:
    """The house's signature stands in a setting, which no form looks at."""
    try:
        check(settings.AGENT_SIGNATURE)
    except ValidationError as error:
        return [Error(f"AGENT_SIGNATURE: {error.messages[0]}", id="accounts.E001")]
    return []
