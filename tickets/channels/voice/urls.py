from django.urls import path

from tickets.channels.voice import views

urlpatterns = [path("recordings/<uuid:token>/", views.recording, name="recording")]
