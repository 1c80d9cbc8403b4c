from django.urls import path

from tickets.invitations import api

urlpatterns = [
    path("invitations", api.InvitationsView.as_view(), name="api-invitations"),
    path("invitations/<int:invitation_id>", api.InvitationView.as_view(), name="api-invitation"),
    path("invitations/<int:invitation_id>/send", api.SendAgainView.as_view(), name="api-invitation-send"),
]
