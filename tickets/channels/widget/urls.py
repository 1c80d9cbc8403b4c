from django.urls import path

from tickets.channels.widget import views

urlpatterns = [
    path("widget.js", views.script, name="widget-script"),
    path("widget/theme/<str:name>.css", views.theme, name="widget-theme"),
    path("widget/<str:key>/", views.ask, name="widget"),
    path("widget/<str:key>/uploads/", views.upload, name="widget-upload"),
    path("widget/<str:key>/uploads/<uuid:token>/remove/", views.remove_upload, name="widget-upload-remove"),
    path("widget/<str:key>/sent/<str:token>/", views.sent, name="widget-sent"),
]
