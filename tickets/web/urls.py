"""The customer's pages."""

from django.urls import path

from tickets.web import copies, files, guests, mail_choice, switch, ticket, views

urlpatterns = [
    path("", views.home, name="home"),
    path("language/", switch.choose_language, name="language"),
    path("forget/", guests.forget_browser, name="forget-browser"),
    path("uploads/", files.upload, name="upload"),
    path("uploads/<uuid:token>/remove/", files.remove, name="upload-remove"),
    path("tickets/", views.tickets, name="tickets"),
    path("tickets/new/", views.new_ticket, name="ticket-new"),
    path("tickets/<str:reference>/", ticket.ticket, name="ticket"),
    path("tickets/<str:reference>/live/", ticket.live, name="ticket-live"),
    path("tickets/<str:reference>/reply/", ticket.reply, name="ticket-reply"),
    path("tickets/<str:reference>/person/", ticket.ask_for_person, name="ticket-person"),
    path("tickets/<str:reference>/feedback/", ticket.feedback, name="ticket-feedback"),
    path("tickets/<str:reference>/close/", ticket.settle, name="ticket-settle"),
    path("tickets/<str:reference>/undo/", ticket.undo, name="ticket-undo"),
    path("tickets/<str:reference>/follow-up/", views.follow_up, name="ticket-follow-up"),
    path("tickets/<str:reference>/copies/", copies.change, name="ticket-copies"),
    path("copies/<str:token>/", copies.copy, name="copy"),
    path("emails/<str:token>/", mail_choice.mail_choice, name="mail-choice"),
    path("attachments/<uuid:token>/", files.attachment, name="attachment"),
    path("attachments/<uuid:token>/small/", files.thumbnail, name="attachment-small"),
    path("g/<str:token>/", guests.guest_link, name="guest-link"),
    path("g/<str:token>/renew/", guests.renew_guest_link, name="guest-link-renew"),
]
