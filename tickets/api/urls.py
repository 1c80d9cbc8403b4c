from django.urls import path

from tickets.api import events
from tickets.api import views as api
from tickets.api.bulk import BulkView

urlpatterns = [
    path("events", events.EventsView.as_view(), name="api-events"),
    path("tickets", api.TicketsView.as_view(), name="api-tickets"),
    path("tickets/bulk", BulkView.as_view(), name="api-tickets-bulk"),
    path("tickets/<str:reference>", api.TicketView.as_view(), name="api-ticket"),
    path("tickets/<str:reference>/messages", api.MessagesView.as_view(), name="api-messages"),
    path("feedback/<str:reference>", api.FeedbackView.as_view(), name="api-feedback"),
    path("attachments/<uuid:token>", api.AttachmentView.as_view(), name="api-attachment"),
]
