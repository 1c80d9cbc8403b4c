"""The customer's pages."""

from django.urls import path

from tickets.web import views

urlpatterns = [
    path("", views.home, name="home"),
    path("tickets/", views.tickets, name="tickets"),
    path("tickets/new/", views.new_ticket, name="ticket-new"),
    path("tickets/<str:reference>/", views.ticket, name="ticket"),
    path("tickets/<str:reference>/reply/", views.reply, name="ticket-reply"),
    path("tickets/<str:reference>/person/", views.ask_for_person, name="ticket-person"),
    path("tickets/<str:reference>/feedback/", views.feedback, name="ticket-feedback"),
    path("tickets/<str:reference>/follow-up/", views.follow_up, name="ticket-follow-up"),
    path("attachments/<uuid:token>/", views.attachment, name="attachment"),
    path("g/<str:token>/", views.guest_link, name="guest-link"),
    path("g/<str:token>/renew/", views.renew_guest_link, name="guest-link-renew"),
]
