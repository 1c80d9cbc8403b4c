"""Pages of the demo only."""

from django.urls import path

from helpdesk import demo_views

urlpatterns = [
    path("mail/", demo_views.mail_list, name="demo-mail"),
    path("mail/<str:name>/", demo_views.mail_one, name="demo-mail-one"),
]
