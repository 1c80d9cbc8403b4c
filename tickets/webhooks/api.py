"""Webhooks for programs of supervisors: the same as their page in the admin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.contract.views import ContractView, NoFields
from accounts.sealing import Unsealable
from accounts.signin import programs
from accounts.tokens.scopes import Scope
from tickets import feed
from tickets.webhooks import delivering, guard
from tickets.webhooks.models import Delivery, Endpoint

MOST: Final = 100


class IsSupervisor(BasePermission):
    message = "Only supervisors do that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.is_authenticated and request.user.is_supervisor)


class WebhookChangeSerializer(StrictSerializer):
    """What may be changed of a webhook; what is left out stays."""

    name = serializers.CharField(max_length=80, required=False)
    url = serializers.CharField(max_length=guard.LONGEST, required=False, help_text="Begins with https://")
    types = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=100,
        help_text="Types of Events, such as `ticket.created`; empty: all.",
    )  # fmt: skip
    active = serializers.BooleanField(
        required=False, help_text="Switched on again it is told what comes from then on."
    )
    examples = {"url": "https://hooks.example.com/helpdesk", "types": ["ticket.created"]}

    def validate_url(self, url: str) -> str:
        try:
            guard.read(url)
        except guard.Refused as error:
            raise serializers.ValidationError(str(error)) from None
        return url

    def validate_types(self, types: list[str]) -> list[str]:
        if unknown := feed.unknown(types):
            raise serializers.ValidationError(
                f"Unknown: {', '.join(unknown)}. Allowed: {', '.join(feed.types())}."
            )
        return sorted(set(types))


class NewWebhookSerializer(WebhookChangeSerializer):
    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=guard.LONGEST, help_text="Begins with https://")


class WebhookSerializer(serializers.ModelSerializer[Endpoint]):
    types = serializers.ListField(child=serializers.CharField(), help_text="Empty: all.")

    class Meta:
        model = Endpoint
        fields = ["id", "name", "url", "types", "active", "why_off", "failures", "failing_since", "last_success_at", "last_error", "last_error_at", "created_at"]  # fmt: skip


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="`whsec_…`, shown this once.")


class WebhookWithSecretSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="`whsec_…`, shown this once.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    position = serializers.IntegerField(
        source="event.position", default=None, allow_null=True, help_text="null: a test."
    )

    class Meta:
        model = Delivery
        fields = ["id", "message_id", "type", "position", "state", "attempts", "status", "error", "milliseconds", "created_at", "last_at", "next_at"]  # fmt: skip


def endpoint_or_404(endpoint_id: int) -> Endpoint:
    endpoint = Endpoint.objects.filter(pk=endpoint_id).first()
    if endpoint is None:
        raise Http404("No such webhook.")
    return endpoint


def delivery_or_404(endpoint_id: int, delivery_id: int) -> Delivery:
    known = endpoint_or_404(endpoint_id).deliveries.select_related("event")
    delivery = known.filter(pk=delivery_id).first()
    if delivery is None:
        raise Http404("No such delivery.")
    return delivery


def secret_of(endpoint: Endpoint) -> str:
    """The secret that signs now. One that can't be read any more is as absent as none."""
    try:
        return endpoint.live_secrets()[0]
    except Unsealable:
        raise Http404("The secret can’t be read any more. Make a new one.") from None


def change(endpoint: Endpoint, wish: dict[str, Any]) -> None:
    active = wish.pop("active", endpoint.active)
    for name, value in wish.items():
        setattr(endpoint, name, value)
    if active and not endpoint.active:
        endpoint.switch_on()
    elif endpoint.active and not active:
        endpoint.switch_off(Endpoint.Why.BY_HAND)
    endpoint.save()


class WebhooksView(ContractView):
    permission_classes = [IsSupervisor]
    needs = {"GET": Scope.WEBHOOKS_READ, "POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(operation_id="list_webhooks", responses=WebhookSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All webhooks. There are at most 100."""
        return Response(self.shown(WebhookSerializer, Endpoint.objects.all()[:MOST], many=True))

    @extend_schema(
        operation_id="create_webhook",
        request=NewWebhookSerializer,
        responses={201: WebhookWithSecretSerializer},
    )
    def post(self, request: Request) -> Response:
        """A new webhook. It is told what happens from now on; its secret is shown in this answer alone."""
        programs.demand(request)
        wish = self.body(NewWebhookSerializer)
        if Endpoint.objects.count() >= MOST:
            raise serializers.ValidationError({"name": [f"There are {MOST} webhooks. Delete one first."]})
        endpoint = Endpoint(made_by=self.caller)
        endpoint.secret = endpoint.renew_secret()  # type: ignore[attr-defined]
        endpoint.switch_on()
        change(endpoint, wish)
        self.made = str(endpoint.pk)
        return Response(self.shown(WebhookWithSecretSerializer, endpoint), status=status.HTTP_201_CREATED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        """With the secret: who sends it again has never read it."""
        endpoint = endpoint_or_404(int(made))
        endpoint.secret = secret_of(endpoint)  # type: ignore[attr-defined]
        return Response(self.shown(WebhookWithSecretSerializer, endpoint), status=status.HTTP_201_CREATED)


class WebhookView(ContractView):
    permission_classes = [IsSupervisor]
    needs = {"GET": Scope.WEBHOOKS_READ, "PATCH": Scope.WEBHOOKS_WRITE, "DELETE": Scope.WEBHOOKS_WRITE}

    @extend_schema(operation_id="get_webhook", responses=WebhookSerializer)
    def get(self, request: Request, endpoint_id: int) -> Response:
        """One webhook and how it does."""
        return Response(self.shown(WebhookSerializer, endpoint_or_404(endpoint_id)))

    @extend_schema(
        operation_id="change_webhook", request=WebhookChangeSerializer, responses=WebhookSerializer
    )
    def patch(self, request: Request, endpoint_id: int) -> Response:
        """Change it, switch it off or on."""
        programs.demand(request)
        endpoint = endpoint_or_404(endpoint_id)
        change(endpoint, self.body(WebhookChangeSerializer))
        return Response(self.shown(WebhookSerializer, endpoint))

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, endpoint_id: int) -> Response:
        """Delete it with its deliveries."""
        endpoint_or_404(endpoint_id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class WebhookSecretView(ContractView):
    permission_classes = [IsSupervisor]
    needs = {"POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(operation_id="rotate_webhook_secret", request=NoFields, responses=SecretSerializer)
    def post(self, request: Request, endpoint_id: int) -> Response:
        """A new secret. The old one goes on signing beside it for 24 hours."""
        programs.demand(request)
        endpoint = endpoint_or_404(endpoint_id)
        self.body()
        secret = endpoint.renew_secret()
        endpoint.save(update_fields=["sealed_secret", "sealed_previous", "previous_until"])
        return Response({"secret": secret})

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response({"secret": secret_of(endpoint_or_404(kwargs["endpoint_id"]))})


class WebhookTestView(ContractView):
    permission_classes = [IsSupervisor]
    needs = {"POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(operation_id="send_webhook_test", request=NoFields, responses={202: DeliverySerializer})
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Send a message of the type `webhook.test` that tells of nothing."""
        endpoint = endpoint_or_404(endpoint_id)
        self.body()
        delivery = delivering.test(endpoint)
        self.made = str(delivery.pk)
        return Response(self.shown(DeliverySerializer, delivery), status=status.HTTP_202_ACCEPTED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        delivery = delivery_or_404(kwargs["endpoint_id"], int(made))
        return Response(self.shown(DeliverySerializer, delivery), status=status.HTTP_202_ACCEPTED)


class DeliveriesView(ContractView):
    permission_classes = [IsSupervisor]
    needs = {"GET": Scope.WEBHOOKS_READ}
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": PageQuery}

    @extend_schema(operation_id="list_webhook_deliveries", responses=paged(DeliverySerializer))
    def get(self, request: Request, endpoint_id: int) -> Response:
        """What was sent to a webhook, newest first; ended ones are kept for 30 days."""
        return self.page(endpoint_or_404(endpoint_id).deliveries.select_related("event"), DeliverySerializer)


class DeliveryView(ContractView):
    permission_classes = [IsSupervisor]
    needs = {"POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(
        operation_id="send_webhook_delivery_again", request=NoFields, responses={202: DeliverySerializer}
    )
    def post(self, request: Request, endpoint_id: int, delivery_id: int) -> Response:
        """Send a delivery again, under the same `webhook-id`."""
        delivery = delivery_or_404(endpoint_id, delivery_id)
        self.body()
        delivery.again()
        return Response(self.shown(DeliverySerializer, delivery), status=status.HTTP_202_ACCEPTED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        delivery = delivery_or_404(kwargs["endpoint_id"], kwargs["delivery_id"])
        return Response(self.shown(DeliverySerializer, delivery), status=status.HTTP_202_ACCEPTED)
