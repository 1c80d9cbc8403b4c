from django.urls import path

from tickets.invitations import views

urlpatterns = [path("join/<str:token>/", views.join, name="join")]
