"""Signatures: an agent's own, the house's, and whose words are signed."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.signatures import check, check_house, signature_of, signed

ANNA = User(name="Anna {company}", email="anna@example.com")


def test_one_s_own_goes_before_the_house_s(settings) -> None:
    settings.AGENT_SIGNATURE = "{agent}\n{company}"
    assert signature_of(User(email="otto@example.com")) == "otto@example.com\nNorthwind Supplies"
    assert signature_of(User(name="Otto", signature="Otto, {company}")) == "Otto, Northwind Supplies"


def test_without_one_a_text_stays_as_it_is() -> None:
    assert signed("Done. \n", ANNA) == "Done."


def test_a_name_is_not_read_for_variables(settings) -> None:
    settings.AGENT_SIGNATURE = "{agent}"
    assert signature_of(ANNA) == "Anna {company}"


def test_a_text_is_signed_once(settings) -> None:
    settings.AGENT_SIGNATURE = "{agent}"
    once = signed("Done.", ANNA)
    assert (once, signed(once, ANNA)) == ("Done.\n\nAnna {company}", once)


def test_a_variable_that_there_is_not_is_refused(settings) -> None:
    with pytest.raises(
        ValidationError, match=r"There is no \{phone\}. A signature may use \{agent\}, \{company\}"
    ):
        check("Call {phone}")
    settings.AGENT_SIGNATURE = "Call {phone}"
    assert "AGENT_SIGNATURE: There is no {phone}" in check_house()[0].msg
    settings.AGENT_SIGNATURE = "{agent}"
    assert check_house() == []


# --- the profile -------------------------------------------------------------------------------------------------


def test_an_agent_sets_it_on_their_profile(web, agent) -> None:
    form = {"name": "Anna Agent", "signature": "Anna\r\n{company} "}
    web(agent).post("/accounts/profile/", form)
    agent.refresh_from_db()
    assert agent.signature == "Anna\n{company}"


def test_the_profile_refuses_a_variable_and_says_which(web, agent) -> None:
    page = web(agent).post("/accounts/profile/", {"name": "Anna", "signature": "{phone}"})
    assert page.status_code == 422
    assert "There is no {phone}." in page.content.decode()
    agent.refresh_from_db()
    assert agent.signature == ""


def test_the_profile_shows_the_house_s_as_what_stands_for_none(web, agent, settings) -> None:
    settings.AGENT_SIGNATURE = "{agent}\n<b>{company}</b>"
    page = web(agent).get("/accounts/profile/").content.decode()
    assert "it is the house’s: “Anna Agent\n&lt;b&gt;Northwind Supplies&lt;/b&gt;”" in page


def test_a_requester_has_none(web, requester) -> None:
    browser = web(requester)
    assert "signature" not in browser.get("/accounts/profile/").content.decode()
    browser.post("/accounts/profile/", {"name": "Rita", "signature": "Boss"})
    requester.refresh_from_db()
    assert requester.signature == ""
