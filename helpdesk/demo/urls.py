"""Pages of the demo only."""

from django.urls import path

from helpdesk.demo import views

urlpatterns = [
    path("mail/", views.mail_list, name="demo-mail"),
    path("mail/new/", views.write, name="demo-mail-new"),
    path("shop/", views.shop, name="demo-shop"),
    path("mail/<str:name>/", views.mail_one, name="demo-mail-one"),
]
