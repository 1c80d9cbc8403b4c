from django.urls import path

from tickets.api import events, macros, steps
from tickets.api import views as api
from tickets.api.bulk import BulkView

TICKET = "tickets/<str:reference>"

urlpatterns = [
    path("events", events.EventsView.as_view(), name="api-events"),
    path("tickets", api.TicketsView.as_view(), name="api-tickets"),
    path("tickets/bulk", BulkView.as_view(), name="api-tickets-bulk"),
    path(TICKET, api.TicketView.as_view(), name="api-ticket"),
    path(f"{TICKET}/messages", api.MessagesView.as_view(), name="api-messages"),
    path(f"{TICKET}/assign", steps.AssignView.as_view(), name="api-assign"),
    path(f"{TICKET}/team", steps.TeamView.as_view(), name="api-team"),
    path(f"{TICKET}/fields", steps.FieldsView.as_view(), name="api-fields"),
    path(f"{TICKET}/priority", steps.PriorityView.as_view(), name="api-priority"),
    path(f"{TICKET}/snooze", steps.SnoozeView.as_view(), name="api-snooze"),
    path(f"{TICKET}/wake", steps.WakeView.as_view(), name="api-wake"),
    path(f"{TICKET}/tags", steps.TagsView.as_view(), name="api-tags"),
    path(f"{TICKET}/macro", macros.MacroView.as_view(), name="api-macro"),
    path(f"{TICKET}/not-spam", steps.NotSpamView.as_view(), name="api-not-spam"),
    path(f"{TICKET}/mark-resolved", steps.ResolvedView.as_view(), name="api-mark-resolved"),
    path(f"{TICKET}/reopen", steps.ReopenView.as_view(), name="api-reopen"),
    path(f"{TICKET}/recall", steps.RecallView.as_view(), name="api-recall"),
    path(f"{TICKET}/merge", steps.MergeView.as_view(), name="api-merge"),
    path(f"{TICKET}/unmerge", steps.UnmergeView.as_view(), name="api-unmerge"),
    path(f"{TICKET}/link", steps.LinkView.as_view(), name="api-link"),
    path(f"{TICKET}/unlink", steps.UnlinkView.as_view(), name="api-unlink"),
    path(f"{TICKET}/split", steps.SplitView.as_view(), name="api-split"),
    path(f"{TICKET}/close", steps.CloseView.as_view(), name="api-close"),
    path(f"{TICKET}/person", steps.PersonView.as_view(), name="api-person"),
    path(f"{TICKET}/undo", steps.UndoView.as_view(), name="api-undo"),
    path("macros", macros.MacrosView.as_view(), name="api-macros"),
    path("feedback/<str:reference>", api.FeedbackView.as_view(), name="api-feedback"),
    path("attachments/<uuid:token>", api.AttachmentView.as_view(), name="api-attachment"),
]
