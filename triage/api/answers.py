"""Answers for programs of supervisors: drafted, read by other eyes, approved, retired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.contract.views import NoFields
from triage.answers import facts
from triage.answers.house import House
from triage.api.supervising import NotYet, OtherEyes, SupervisorView, checked
from triage.desk.forms import AnswerForm
from triage.models import Answer, Intent
from triage.oversight import ladder, versions

TEXTS = ("body", "guest_body", "summary")


class AnswerSerializer(serializers.ModelSerializer[Answer]):
    intent: serializers.SlugRelatedField[Intent] = serializers.SlugRelatedField("slug", read_only=True)
    approved_by = serializers.SerializerMethodField(help_text="A name; null: nobody, or the starter pack.")
    missing_facts = serializers.SerializerMethodField(help_text="What the house must say before it is sent.")

    class Meta:
        model = Answer
        fields = [
            "id", "intent", "language", "version", "state", "body", "guest_body", "summary", "approved_by", "approved_at",
            "reviewed_at", "missing_facts", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_approved_by(self, answer: Answer) -> str | None:
        return str(answer.approved_by) if answer.approved_by else None

    def get_missing_facts(self, answer: Answer) -> list[str]:
        return [fact.label for fact in answer.missing_facts(self.house)]

    @cached_property
    def house(self) -> House:
        """Read once for a whole page."""
        return facts.current()


class AnswerQuery(PageQuery):
    """Filters of the list of answers."""

    examples: ClassVar[Mapping[str, Any]] = {"intent": "track_refund"}

    state = serializers.ChoiceField(Answer.State.values, required=False)
    intent = serializers.CharField(required=False, max_length=80, help_text="A code.")


class AnswerTextsSerializer(StrictSerializer):
    """What is not named stays."""

    examples: ClassVar[Mapping[str, Any]] = {
        "body": "Hello {requester_name}, refunds take five days.", "guest_body": "", "summary": "Five days.",
    }  # fmt: skip

    body = serializers.CharField(required=False, max_length=8000)
    guest_body = serializers.CharField(required=False, max_length=8000, allow_blank=True)
    summary = serializers.CharField(required=False, max_length=2000, allow_blank=True)


class AnswerFormSerializer(AnswerTextsSerializer):
    """A draft."""

    examples: ClassVar[Mapping[str, Any]] = {
        **AnswerTextsSerializer.examples,
        "intent": "track_refund",
        "language": "en",
    }

    intent = serializers.SlugRelatedField("slug", queryset=Intent.objects.all(), help_text="Its code.")
    language = serializers.CharField(max_length=8, help_text="A tag such as `en` or `pt-BR`.")
    body = serializers.CharField(max_length=8000)


class RetireSerializer(StrictSerializer):
    demote = serializers.BooleanField(
        default=False,
        help_text="Also where it is the last of an intent on Auto, which is then only suggested.",
    )


def answers() -> Any:
    return Answer.objects.select_related("intent", "approved_by")


def _answer(pk: int) -> Answer:
    found: Answer | None = answers().filter(pk=pk).first()
    if found is None:
        raise Http404("No such answer.")
    return found


class AnswersView(SupervisorView):
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": AnswerQuery}
    powers = frozenset({"POST"})

    @extend_schema(operation_id="list_answers", responses=paged(AnswerSerializer))
    def get(self, request: Request) -> Response:
        """All versions of all answers, the newest first."""
        rows = answers()
        if "state" in self.asked:
            rows = rows.filter(state=self.asked["state"])
        if "intent" in self.asked:
            rows = rows.filter(intent__slug=self.asked["intent"])
        return self.page(rows, AnswerSerializer)

    @extend_schema(
        operation_id="draft_answer",
        request=AnswerFormSerializer,
        responses={201: AnswerSerializer, 200: AnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Draft a new version. Nothing is sent before somebody approves it. A power."""
        said = self.body(AnswerFormSerializer)
        with versions.changing("answer", by=self.caller):
            answer = checked(AnswerForm({**said, "intent": said["intent"].pk})).save(commit=False)
            answer.drafted_by = self.caller
            answer.save()
        self.made = str(answer.pk)
        return Response(AnswerSerializer(_answer(answer.pk)).data, status.HTTP_201_CREATED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(AnswerSerializer(_answer(int(made))).data)


class AnswerView(SupervisorView):
    powers = frozenset({"PATCH", "DELETE"})

    @extend_schema(operation_id="get_answer", responses=AnswerSerializer)
    def get(self, request: Request, answer_id: int) -> Response:
        """One version of an answer."""
        return Response(AnswerSerializer(_answer(answer_id)).data)

    @extend_schema(operation_id="change_draft", request=AnswerTextsSerializer, responses=AnswerSerializer)
    def patch(self, request: Request, answer_id: int) -> Response:
        """Change the texts of a draft. What was approved never changes: draft a new version. A power."""
        answer = self._draft(answer_id)
        said = self.body(AnswerTextsSerializer)
        now = {name: getattr(answer, name) for name in TEXTS}
        form = {**now, **said, "intent": answer.intent_id, "language": answer.language}
        with versions.changing("answer", by=self.caller):
            changed = checked(AnswerForm(form, instance=answer)).save(commit=False)
            changed.drafted_by = self.caller
            changed.save()
        return Response(AnswerSerializer(_answer(answer_id)).data)

    @extend_schema(operation_id="delete_draft", responses={204: None})
    def delete(self, request: Request, answer_id: int) -> Response:
        """Throw a draft away. A power."""
        with versions.changing("answer", by=self.caller):
            self._draft(answer_id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _draft(self, answer_id: int) -> Answer:
        answer = _answer(answer_id)
        if answer.state != Answer.State.DRAFT:
            raise NotYet("It is no draft any more: what was approved stays on record. Draft a new version.")
        return answer


class AnswerStepView(SupervisorView):
    powers = frozenset({"POST"})
    form: ClassVar[type[StrictSerializer]] = NoFields

    def post(self, request: Request, answer_id: int) -> Response:
        answer = _answer(answer_id)
        self.act(answer, self.body(self.form))
        return Response(AnswerSerializer(_answer(answer_id)).data)

    def act(self, answer: Answer, said: dict[str, Any]) -> None:
        raise NotImplementedError

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(AnswerSerializer(_answer(kwargs["answer_id"])).data)


def step(name: str, form: type[StrictSerializer] | None = None) -> Any:
    told = extend_schema(operation_id=name, request=form, responses=AnswerSerializer)
    return extend_schema_view(post=told)


@step("approve_answer")
class ApproveView(AnswerStepView):
    """Send this text from the next ticket on. With TRIAGE_FOUR_EYES not by who wrote it. A power."""

    def act(self, answer: Answer, said: dict[str, Any]) -> None:
        if answer.state == Answer.State.APPROVED:
            raise NotYet("It is approved already.")
        if ladder.needs_other_eyes(answer, by=self.caller):
            raise OtherEyes("You wrote this text, so another supervisor must approve it.")
        with versions.changing("answer", by=self.caller):
            answer.approve(self.caller)


@step("retire_answer", RetireSerializer)
class RetireView(AnswerStepView):
    """Send it to nobody any more. A power."""

    form = RetireSerializer

    def act(self, answer: Answer, said: dict[str, Any]) -> None:
        if answer.state != Answer.State.APPROVED:
            raise NotYet("Only an approved answer is retired.")
        if ladder.is_last_of_auto(answer) and not said["demote"]:
            raise NotYet(
                "It is the only answer of an intent on Auto. Say `demote`: the intent is then only suggested."
            )
        ladder.retire(answer, by=self.caller)
