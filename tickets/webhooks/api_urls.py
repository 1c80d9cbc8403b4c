from django.urls import path

from tickets.webhooks import api

urlpatterns = [
    path("webhooks", api.WebhooksView.as_view(), name="api-webhooks"),
    path("webhooks/<int:endpoint_id>", api.WebhookView.as_view(), name="api-webhook"),
    path("webhooks/<int:endpoint_id>/secret", api.WebhookSecretView.as_view(), name="api-webhook-secret"),
    path("webhooks/<int:endpoint_id>/test", api.WebhookTestView.as_view(), name="api-webhook-test"),
    path(
        "webhooks/<int:endpoint_id>/deliveries", api.DeliveriesView.as_view(), name="api-webhook-deliveries"
    ),
    path(
        "webhooks/<int:endpoint_id>/deliveries/<int:delivery_id>/send",
        api.DeliveryView.as_view(),
        name="api-webhook-delivery",
    ),
]
