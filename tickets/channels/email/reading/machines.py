"""What no person wrote: automatic replies, lists, programs; and reports on the mail that we sent.

RFC 3834 and its variants in real mail; RFC 3464 (delivery reports), RFC 5965 (complaints), RFC 8098 (read receipts).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tickets.channels.email.reading.parts import Mail

_AUTOREPLY_HEADERS: Final = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-mail-autoreply",
    "x-autoreply-from",
)
_LIST_HEADERS: Final = ("list-id", "list-unsubscribe", "list-post", "list-help", "feedback-id", "x-campaign-id",
                        "x-mailchimp-id", "x-csa-complaints")  # fmt: skip
_NOBODY: Final = re.compile(
    r"^(no|do[-_.]?not|don.?t|never)[-_.]?reply|^(bounces?|mailer-daemon|postmaster|notifications?|"
    r"alerts?|auto(mat(ed|ic))?[-_.]?(reply|mailer|notif\w*)?|nicht[-_.]?antworten|ne[-_.]?pas[-_.]?repondre|noresponder|"
    r"niet[-_.]?beantwoorden)([+\-_.=].*)?@",
    re.IGNORECASE,
)
#: A weak sign: subjects of automatic replies in ten languages. Alone they prove nothing.
_AWAY: Final = re.compile(
    r"^\s*(re:\s*)?(out of (the )?office|automatic reply|auto(matic)?[- ]?reply|autoreply|auto:|on (annual |parental )?leave|"
    r"abwesenheit|automatische antwort|abwesend|nicht im büro|réponse automatique|absence du bureau|absent|"
    r"respuesta automática|fuera de la oficina|risposta automatica|fuori sede|fuori ufficio|resposta automática|"
    r"fora do escritório|automatisch antwoord|afwezig|autosvar|frånvaro|automatisk svar|ude af kontoret|"
    r"automatyczna odpowiedź|nieobecn|poza biurem|automaattinen vastaus|automatická odpověď|"
    r"автоответ|автовідповід|自動返信|自動応答|不在|自动回复|自動回覆|자동 ?(응답|회신)|부재|رد تلقائي|תשובה אוטומטית|"
    r"otomatik yanıt)",
    re.IGNORECASE,
)
#: What an automatic reply says of itself, beside the weak sign of its subject.
_AWAY_WORDS: Final = re.compile(
    r"out of (the )?office|away (from|until)|on (annual |parental |sick )?(leave|holiday|vacation)|limited access|"
    r"will (be back|return|reply|get back)|i am (currently )?(away|out)|bin (ich )?(derzeit|bis|vom|ab)|nicht im (büro|haus)|"
    r"im urlaub|abwesend|absente? (du|jusqu|pour)|de retour le|en congés?|fuera de la oficina|de vacaciones|estaré de vuelta|"
    r"fuori (sede|ufficio)|in ferie|sarò di ritorno|fora do escritório|de férias|ausente|afwezig|met vakantie|"
    r"urlop|nieobecn|på semester|frånvarande|tillbaka (den|på)|på ferie|ikke på kontoret|lomalla|poissa|dovolen|"
    r"nepřítom|в отпуске|отсутству|у відпустці|休暇|不在|休み|休假|不在办公室|부재|휴가|إجازة|בחופשה",
    re.IGNORECASE,
)
_DAEMON: Final = re.compile(
    r"^(mailer-?daemon|postmaster|mail-?daemon|maildeliverysystem|bounces?)([+\-_.=].*)?@", re.IGNORECASE
)
_FAILED: Final = re.compile(
    r"undeliver(ed|able)|delivery (status notification|failure|has failed|failed|incomplete|report|problem)|"
    r"mail delivery (failed|system)|returned mail|failure notice|returning message|could not be delivered|"
    r"message (\S+ )?(delayed|not delivered)|delayed mail|unzustellbar|nicht zugestellt|zustellung fehlgeschlagen|"
    r"non remis|échec de la remise|non recapitabile|mancato recapito|no se puede entregar|no entregado|não entregue|"
    r"kan niet worden bezorgd|onbestelbaar|niedostarczon",
    re.IGNORECASE,
)
_FIRST_WORD: Final = re.compile(r"[a-z-]+")
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE: Final = re.compile(r"(?<![\d.])([45][0-5]\d)[ \-](?=[#A-Za-z<\d])")
_FINAL: Final = re.compile(
    r"user unknown|unknown user|no such (user|person|recipient|mailbox|address)|does not exist|doesn'?t exist|"
    r"mailbox (unavailable|not found)|recipient rejected|address rejected|invalid recipient|account (is )?disabled|"
    r"permanent(ly)? (error|failure|failed)|host (or domain name )?not found|unbekannt|inconnu",
    re.IGNORECASE,
)
_LATER: Final = re.compile(
    r"will (retry|keep trying|continue to try)|delayed|temporar|try again|warning only", re.IGNORECASE
)
_RECIPIENT: Final = re.compile(
    r"(?im)^(?:final|original)-recipient:\s*(?:rfc822|utf-8)?\s*;?\s*<?([^\s<>;]+@[^\s<>;]+)"
)
_ACTION: Final = re.compile(r"(?im)^action:\s*(\w+)")
_STATUS_LINE: Final = re.compile(r"(?im)^status:\s*([245]\.\d{1,3}\.\d{1,3})")
_ANY_ADDRESS: Final = re.compile(r"[\w.+=-]{1,64}@[\w-]+(?:\.[\w-]+){1,6}")
_ANY_ID: Final = re.compile(r"(?im)^\s*(?:>\s*)?message-id:\s*<([^<>\s]{3,250})>")

SCANNED: Final = 60_000  # characters of a report that are looked at


class Writer(StrEnum):
    """Who wrote a mail, by its headers: how it may be answered."""

    PERSON = "person"
    AUTOREPLY = "automatic reply"
    PROGRAM = "program"  # a list, a form, a notification: kept, never answered by a machine
    OURSELVES = "our own"


def writer_of(mail: Mail) -> Writer:
    """Who wrote it. Subjects decide nothing alone: a person may write “Out of office” in one."""
    submitted = _first_word(mail.header("auto-submitted"))
    precedence = mail.header("precedence").strip().lower()
    away = _AWAY.search(mail.subject) is not None
    if submitted == "auto-replied" or any(mail.header(name) for name in _AUTOREPLY_HEADERS):
        return Writer.AUTOREPLY
    if precedence == "auto_reply" or (
        mail.header("x-auto-response-suppress").strip().lower() in {"all"} and away
    ):
        return Writer.AUTOREPLY
    if mail.header("return-path").strip() == "<>" and (away or mail.references):
        return Writer.AUTOREPLY
    if away and (submitted not in {"", "no"} or _AWAY_WORDS.search(f"{mail.text}\n{mail.html}"[:4_000])):
        return Writer.AUTOREPLY
    if (
        submitted not in {"", "no"}
        or precedence in {"bulk", "list", "junk"}
        or any(mail.header(name) for name in _LIST_HEADERS)
        or mail.header("return-path").strip() == "<>"
        or _NOBODY.search(mail.sender.address) is not None
        or "auto" in mail.header("x-auto-response-suppress").lower()
    ):
        return Writer.PROGRAM
    return Writer.PERSON


def _first_word(value: str) -> str:
    """What a header says, without the comment or the parameters behind it."""
    found = _FIRST_WORD.match(value.strip().lower())
    return found.group() if found else ""


def is_receipt(mail: Mail) -> bool:
    """A read receipt: somebody's program says that a mail was shown."""
    return mail.parameters.get("report-type", "").lower() == "disposition-notification" or any(
        part.content_type == "message/disposition-notification" for part in mail.reports
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server says of a mail of ours."""

    kind: str  # "failed", "delayed", "delivered" or "complaint"
    recipient: str = ""
    status: str = ""
    message_ids: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        return self.kind == "failed" and not self.status.startswith("4")


def report_of(mail: Mail) -> Report | None:
    """The report that a mail is, None for any other mail."""
    told = {part.content_type: part.content[:SCANNED].decode("utf-8", "replace") for part in mail.reports}
    returned = "\n".join(told.get(kind, "") for kind in ("message/rfc822", "text/rfc822-headers"))
    if "message/feedback-report" in told:
        recipients = re.findall(r"(?im)^original-rcpt-to:\s*<?([^\s<>]+)", told["message/feedback-report"])
        return Report("complaint", next(iter(recipients), ""), "", _ids(returned))
    if "message/delivery-status" in told:
        status = told["message/delivery-status"]
        action = next(iter(_ACTION.findall(status)), "failed").lower()
        kinds = {
            "delayed": "delayed",
            "delivered": "delivered",
            "relayed": "delivered",
            "expanded": "delivered",
        }
        return Report(
            kinds.get(action, "failed"),
            next(iter(_RECIPIENT.findall(status)), "").lower(),
            next(iter(_STATUS_LINE.findall(status)), ""),
            _ids(returned) or _ids(mail.text),
        )
    return _unlabelled(mail, returned)


def _unlabelled(mail: Mail, returned: str) -> Report | None:
    """A report in the form of its own that many servers still send."""
    daemon = _DAEMON.search(mail.sender.address) is not None or mail.header("return-path").strip() == "<>"
    if not daemon or not (_FAILED.search(mail.subject) or mail.header("x-failed-recipients")):
        return None
    body = f"{mail.text or mail.html}\n{returned}"[:SCANNED]
    status = next(iter(_STATUS.findall(body)), "") or _from_reply_code(body)
    if not status and _FINAL.search(body):
        status = "5.0.0"
    kind = (
        "delayed"
        if _LATER.search(f"{mail.subject}\n{body[:2_000]}") and not status.startswith("5")
        else "failed"
    )
    own = set(mail.recipients) | {mail.sender.key}
    named = mail.header("x-failed-recipients") or " ".join(_ANY_ADDRESS.findall(mail.text or mail.html)[:20])
    recipients = [address.lower() for address in _ANY_ADDRESS.findall(named) if address.lower() not in own]
    return Report(kind, next(iter(recipients), ""), status, _ids(body))


def _from_reply_code(body: str) -> str:
    code = next(iter(_REPLY_CODE.findall(body)), "")
    return f"{code[0]}.0.0" if code else ""


def _ids(text: str) -> tuple[str, ...]:
    return tuple(_ANY_ID.findall(text[:SCANNED])[:10])
