"""Oversight for programs of supervisors: the stop, alarms, the policy's versions, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Q
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.contract.views import NoFields
from triage.api.supervising import READ, NotYet, SupervisorView
from triage.oversight import ladder, restoring, switch, versions, watch
from triage.oversight.evidence import WRONG, Audit
from triage.oversight.versions import PolicyVersion


class WhySerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"why": "The prices in two answers are old."}

    why = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class FoundSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"why": "One answer was out of date; it is mended."}

    why = serializers.CharField(max_length=400, help_text="What was found and what was done about it.")


# --- the stop and the alarms -----------------------------------------------------------------------------


class AlarmSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    intent = serializers.CharField(
        source="intent.slug", default=None, allow_null=True, help_text="Null: the whole house."
    )
    at = serializers.DateTimeField()
    reviewed = serializers.IntegerField()
    wrong = serializers.IntegerField()
    target = serializers.FloatField()


class AutomationSerializer(serializers.Serializer[Any]):
    stopped = serializers.BooleanField()
    by = serializers.SerializerMethodField(help_text="Who said so last; null: nobody yet, or the machine.")
    at = serializers.DateTimeField()
    why = serializers.CharField()
    alarms = serializers.SerializerMethodField()

    def get_by(self, stop: switch.Stop) -> str | None:
        return str(stop.by) if stop.by else None

    @extend_schema_field(AlarmSerializer(many=True))
    def get_alarms(self, stop: switch.Stop) -> Any:
        return AlarmSerializer(watch.Latch.objects.select_related("intent").order_by("pk"), many=True).data


def now() -> Response:
    return Response(AutomationSerializer(switch.state()).data)


class AutomationView(SupervisorView):
    needs = READ

    @extend_schema(operation_id="get_automation", responses=AutomationSerializer)
    def get(self, request: Request) -> Response:
        """Whether automatic answers are stopped, and which alarms have gone off."""
        return now()


class SwitchView(SupervisorView):
    stops: ClassVar[bool]

    def post(self, request: Request) -> Response:
        switch.set_stopped(self.stops, by=self.caller, why=self.body(WhySerializer)["why"])
        return now()

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return now()


def told(name: str, form: type[StrictSerializer] | None, answer: Any) -> Any:
    return extend_schema_view(post=extend_schema(operation_id=name, request=form, responses=answer))


@told("stop_automation", WhySerializer, AutomationSerializer)
class StopView(SwitchView):
    """Stop all automatic answers at once. Never held up."""

    stops = True


@told("resume_automation", WhySerializer, AutomationSerializer)
class ResumeView(SwitchView):
    """Let the intents answer in their modes again. A power."""

    stops = False
    powers = frozenset({"POST"})


@told("resume_after_alarm", FoundSerializer, AutomationSerializer)
class AlarmView(SupervisorView):
    """Say what was found; the intent goes back to its mode, and its evidence begins anew. A power."""

    powers = frozenset({"POST"})

    def post(self, request: Request, alarm_id: int) -> Response:
        latch = watch.Latch.objects.filter(pk=alarm_id).first()
        if latch is None:
            raise Http404("No such alarm.")
        said = self.body(FoundSerializer)
        try:
            watch.resume(latch, by=self.caller, why=said["why"])
        except ladder.Refused as refused:
            raise NotYet(str(refused)) from refused
        return now()

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return now()


# --- the policy ------------------------------------------------------------------------------------------


@extend_schema_field({})
class AnyField(serializers.JSONField):
    """Text, number, list, or null."""


class ChangeSerializer(serializers.Serializer[Any]):
    part = serializers.CharField(
        help_text="What kind of thing: mode, limit, rule, guard, answer, fact, champion."
    )
    key = serializers.CharField()
    before = AnyField(help_text="Null: it was not there.")
    after = AnyField(help_text="Null: it is not there any more.")


class PolicyVersionSerializer(serializers.ModelSerializer[PolicyVersion]):
    by = serializers.SerializerMethodField(help_text="Null: the command line, or the machine.")
    why = serializers.SerializerMethodField()

    class Meta:
        model = PolicyVersion
        fields = ["id", "action", "by", "at", "why", "digest", "changes"]
        read_only_fields = fields

    def get_by(self, version: PolicyVersion) -> str | None:
        return str(version.by) if version.by else None

    def get_why(self, version: PolicyVersion) -> str:
        note = getattr(version, "note", None)
        return note.why if note else ""


class PolicyVersionDetailSerializer(PolicyVersionSerializer):
    changed = serializers.SerializerMethodField()

    class Meta(PolicyVersionSerializer.Meta):
        fields = [*PolicyVersionSerializer.Meta.fields, "changed"]
        read_only_fields = fields

    @extend_schema_field(ChangeSerializer(many=True))
    def get_changed(self, version: PolicyVersion) -> Any:
        return ChangeSerializer(versions.changes_of(version), many=True).data


class RestoredSerializer(serializers.Serializer[Any]):
    left = serializers.ListField(
        child=serializers.CharField(), help_text="What could not be put back, in words."
    )
    version = PolicyVersionDetailSerializer(help_text="The version that this has made.")


def policy() -> Any:
    return PolicyVersion.objects.select_related("by", "note")


def _version(pk: int) -> PolicyVersion:
    found: PolicyVersion | None = policy().filter(pk=pk).first()
    if found is None:
        raise Http404("No such version.")
    return found


class PolicyVersionsView(SupervisorView):
    needs = READ
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": PageQuery}

    @extend_schema(operation_id="list_policy_versions", responses=paged(PolicyVersionSerializer))
    def get(self, request: Request) -> Response:
        """Every change of what is automated, the newest first."""
        return self.page(policy(), PolicyVersionSerializer)


class PolicyVersionView(SupervisorView):
    needs = READ

    @extend_schema(operation_id="get_policy_version", responses=PolicyVersionDetailSerializer)
    def get(self, request: Request, version_id: int) -> Response:
        """One change, value by value."""
        return Response(PolicyVersionDetailSerializer(_version(version_id)).data)


class BackView(SupervisorView):
    powers = frozenset({"POST"})

    def post(self, request: Request, version_id: int) -> Response:
        version = _version(version_id)
        self.body(NoFields)
        try:
            left = self.act(version)
        except restoring.Gone as gone:
            raise NotYet(str(gone)) from gone
        return self._told(left)

    def act(self, version: PolicyVersion) -> list[str]:
        raise NotImplementedError

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return self._told([])

    def _told(self, left: list[str]) -> Response:
        newest = policy().order_by("-pk").first()
        return Response(RestoredSerializer({"left": left, "version": newest}).data)


@told("restore_policy", None, RestoredSerializer)
class RestoreView(BackView):
    """Make the policy what it was after this change. A power."""

    def act(self, version: PolicyVersion) -> list[str]:
        return restoring.restore(version, by=self.caller)


@told("undo_policy", None, RestoredSerializer)
class UndoView(BackView):
    """Take back the latest change, and no other. A power."""

    def act(self, version: PolicyVersion) -> list[str]:
        return restoring.undo(version, by=self.caller)


# --- verdicts --------------------------------------------------------------------------------------------


class AuditSerializer(serializers.ModelSerializer[Audit]):
    id = serializers.IntegerField(source="decision_id", read_only=True, help_text="Of the decision.")
    ticket = serializers.CharField(source="decision.ticket.reference", read_only=True)
    intent = serializers.CharField(
        source="intent_slug", read_only=True, help_text="As decided; may be empty."
    )
    judged_by = serializers.SerializerMethodField()

    class Meta:
        model = Audit
        fields = [
            "id",
            "ticket",
            "part",
            "intent",
            "language",
            "at",
            "refused_at",
            "verdict",
            "why",
            "judged_by",
            "judged_at",
        ]
        read_only_fields = fields

    def get_judged_by(self, audit: Audit) -> str | None:
        return str(audit.judged_by) if audit.judged_by else None


class AuditQuery(PageQuery):
    """Filters of the list of audits."""

    examples: ClassVar[Mapping[str, Any]] = {"intent": "track_refund"}

    state = serializers.ChoiceField(["due", "wrong", "all"], default="due")
    intent = serializers.CharField(required=False, max_length=80, help_text="A code.")


class VerdictSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"verdict": "right", "why": ""}

    verdict = serializers.ChoiceField(Audit.Verdict.values)
    why = serializers.CharField(required=False, allow_blank=True, max_length=400, default="")


def audits() -> Any:
    return Audit.objects.select_related("decision__ticket", "judged_by")


class AuditsView(SupervisorView):
    needs = READ
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": AuditQuery}

    @extend_schema(operation_id="list_audits", responses=paged(AuditSerializer))
    def get(self, request: Request) -> Response:
        """Answers that wait for a verdict, the oldest first; or those found wrong; or all that were drawn."""
        due = Q(verdict="") & (Q(drawn=True) | Q(refused_at__isnull=False))
        chosen = {"due": due, "wrong": Q(verdict__in=WRONG), "all": Q(drawn=True) | ~Q(verdict="")}
        rows = audits().filter(chosen[self.asked["state"]])
        if "intent" in self.asked:
            rows = rows.filter(intent_slug=self.asked["intent"])
        return self.page(rows, AuditSerializer, order="decision_id")


@told("give_verdict", VerdictSerializer, AuditSerializer)
class VerdictView(SupervisorView):
    """Say what you found of one answer. Said again, it replaces what was said before."""

    def post(self, request: Request, audit_id: int) -> Response:
        audit = self._audit(audit_id)
        said = self.body(VerdictSerializer)
        watch.judge(audit, Audit.Verdict(said["verdict"]), by=self.caller, why=said["why"])
        return Response(AuditSerializer(self._audit(audit_id)).data)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(AuditSerializer(self._audit(kwargs["audit_id"])).data)

    def _audit(self, pk: int) -> Audit:
        found: Audit | None = audits().filter(pk=pk).first()
        if found is None:
            raise Http404("No such audit.")
        return found
