"""Intents for programs of supervisors: the pages' forms and the ladder's steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.contract.views import NoFields
from accounts.signin import programs
from triage.admin.oversight.forms import IntentForm
from triage.api.supervising import NotYet, SupervisorView, checked
from triage.models import Intent, Mode
from triage.oversight import ladder, language_ladder, versions

INHERIT = "inherit"
EDITED = ("title", "slug", "group", "description", "threshold")


class IntentSerializer(serializers.ModelSerializer[Intent]):
    id = serializers.CharField(source="slug", read_only=True, help_text="The same as slug.")
    ground = serializers.SerializerMethodField(help_text="On what it stands on Auto; empty for other modes.")
    override_asked = serializers.SerializerMethodField(help_text="A second supervisor must say yes.")
    paused = serializers.SerializerMethodField(help_text="The alarm has paused it.")

    class Meta:
        model = Intent
        fields = [
            "id", "slug", "title", "description", "group", "mode", "threshold", "ground", "override_asked", "paused",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_ground(self, intent: Intent) -> str:
        return ladder.ground(intent)

    def get_override_asked(self, intent: Intent) -> bool:
        return getattr(intent, "override", None) is not None

    def get_paused(self, intent: Intent) -> bool:
        return getattr(intent, "latch", None) is not None


class EvidenceSerializer(serializers.Serializer[Any]):
    """Of the answers of the last 30 days: ``bound`` is the upper limit of the error at a confidence of 90 %."""

    seen = serializers.IntegerField()
    wrong = serializers.IntegerField()
    bound = serializers.FloatField()
    target = serializers.FloatField()
    holds = serializers.BooleanField(help_text="The bound is within the target.")


class LanguageSerializer(serializers.Serializer[Any]):
    """An intent in one language."""

    language = serializers.CharField(help_text="A base tag such as de.")
    mode = serializers.ChoiceField(Mode.choices)
    own = serializers.BooleanField(source="is_own", help_text="Not that of the intent.")
    ground = serializers.CharField(help_text="On what its own mode is Auto; else empty.")
    override_asked = serializers.SerializerMethodField(help_text="A second supervisor must say yes.")
    answered = serializers.BooleanField(help_text="There is an approved answer in it.")
    evidence = EvidenceSerializer()

    def get_override_asked(self, rung: language_ladder.LanguageRung) -> bool:
        return rung.asked_by is not None


class IntentDetailSerializer(IntentSerializer):
    evidence = serializers.SerializerMethodField()
    languages = serializers.SerializerMethodField()

    class Meta(IntentSerializer.Meta):
        fields = [*IntentSerializer.Meta.fields, "evidence", "languages"]
        read_only_fields = fields

    @extend_schema_field(LanguageSerializer(many=True))
    def get_languages(self, intent: Intent) -> Any:
        return LanguageSerializer(language_ladder.rungs_of(intent), many=True).data

    @extend_schema_field(EvidenceSerializer)
    def get_evidence(self, intent: Intent) -> Any:
        return EvidenceSerializer(ladder.evidence(intent)).data


class IntentFormSerializer(StrictSerializer):
    """A new intent. It begins as a suggestion to agents; the ladder leads further."""

    examples: ClassVar[Mapping[str, Any]] = {
        "slug": "track_refund", "title": "Where is my refund?", "group": "Refunds", "description": "", "threshold": 0.9,
    }  # fmt: skip

    slug = serializers.SlugField(max_length=80)
    title = serializers.CharField(max_length=120)
    description = serializers.CharField(required=False, allow_blank=True, max_length=8000)
    group = serializers.CharField(required=False, allow_blank=True, max_length=60)
    threshold = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=1,
        help_text="Asks for more than the general one.",
    )


class IntentChangeSerializer(IntentFormSerializer):
    """What is not named stays."""

    slug = None  # type: ignore[assignment]  # decisions name it
    title = serializers.CharField(max_length=120, required=False)


LANGUAGE = serializers.CharField(
    required=False, allow_blank=True, max_length=8, default="", help_text="Counts for this language alone."
)


class LanguageFormSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"language": "de"}

    language = LANGUAGE


class ModeSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"mode": "suggest", "why": "The answers of last week were right."}

    mode = serializers.ChoiceField(
        [*Mode.values, INHERIT], help_text="inherit: with a language, that of the intent counts again."
    )
    language = LANGUAGE
    why = serializers.CharField(required=False, allow_blank=True, max_length=400, default="")


def intents() -> Any:
    return Intent.objects.select_related("standing", "override", "latch")


class IntentsView(SupervisorView):
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": PageQuery}
    powers = frozenset({"POST"})

    @extend_schema(operation_id="list_intents", responses=paged(IntentSerializer))
    def get(self, request: Request) -> Response:
        """All intents, the newest first."""
        return self.page(intents(), IntentSerializer)

    @extend_schema(
        operation_id="create_intent",
        request=IntentFormSerializer,
        responses={201: IntentDetailSerializer, 200: IntentDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make an intent. A power."""
        said = {"mode": Mode.SUGGEST, **self.body(IntentFormSerializer)}
        with versions.changing("intent", by=self.caller):
            intent = checked(IntentForm(said)).save()
        self.made = intent.slug
        return Response(IntentDetailSerializer(intent).data, status.HTTP_201_CREATED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(IntentDetailSerializer(_intent(made)).data)


def _intent(slug: str) -> Intent:
    found: Intent | None = intents().filter(slug=slug).first()
    if found is None:
        raise Http404("No such intent.")
    return found


class IntentView(SupervisorView):
    powers = frozenset({"PATCH"})

    @extend_schema(operation_id="get_intent", responses=IntentDetailSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """One intent with its evidence."""
        return Response(IntentDetailSerializer(_intent(slug)).data)

    @extend_schema(
        operation_id="change_intent", request=IntentChangeSerializer, responses=IntentDetailSerializer
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change its words or its threshold. A power."""
        intent = _intent(slug)
        said = self.body(IntentChangeSerializer)
        now = {name: getattr(intent, name) for name in (*EDITED, "mode")}
        with versions.changing("intent", by=self.caller):
            checked(IntentForm({**now, **said}, instance=intent, initial={"mode": intent.mode})).save()
        return Response(IntentDetailSerializer(_intent(slug)).data)


class LadderView(SupervisorView):
    """A step of the ladder; what the house does not allow is 409, and says what is missing."""

    form: ClassVar[type[StrictSerializer]] = NoFields

    def post(self, request: Request, slug: str) -> Response:
        intent = _intent(slug)
        said = self.body(self.form)
        try:
            self.act(intent, said)
        except ladder.Refused as refused:
            raise NotYet(str(refused)) from refused
        return Response(IntentDetailSerializer(_intent(slug)).data)

    def act(self, intent: Intent, said: dict[str, Any]) -> None:
        raise NotImplementedError

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(IntentDetailSerializer(_intent(kwargs["slug"])).data)


def rung(name: str, form: type[StrictSerializer] | None = None) -> Any:
    told = extend_schema(operation_id=name, request=form, responses=IntentDetailSerializer)
    return extend_schema_view(post=told)


@rung("set_mode", ModeSerializer)
class ModeView(LadderView):
    """Put it into a mode. Auto is a power and needs evidence, or a reason and a second supervisor; down is always free."""

    form = ModeSerializer

    def act(self, intent: Intent, said: dict[str, Any]) -> None:
        if said["mode"] == Mode.AUTO:
            programs.demand(self.request)
        mode = None if said["mode"] == INHERIT else Mode(said["mode"])
        if said["language"]:
            language_ladder.set_mode(intent, said["language"], mode, by=self.caller, why=said["why"])
        elif mode is None:
            raise serializers.ValidationError(
                {"language": ["Name the language that shall go by the intent."]}
            )
        else:
            ladder.set_mode(intent, mode, by=self.caller, why=said["why"])


@rung("confirm_override", LanguageFormSerializer)
class ConfirmView(LadderView):
    """Say yes to another supervisor's override. A power."""

    powers = frozenset({"POST"})
    form = LanguageFormSerializer

    def act(self, intent: Intent, said: dict[str, Any]) -> None:
        if said["language"]:
            language_ladder.confirm(intent, said["language"], by=self.caller)
        else:
            ladder.confirm(intent, by=self.caller)
