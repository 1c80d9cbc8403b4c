from django.urls import path

from tickets.own_data import views

urlpatterns = [
    path("", views.my_data, name="my-data"),
    path("export/", views.export, name="my-data-export"),
    path("export/<uuid:token>/", views.download, name="my-data-download"),
    path("delete/", views.delete, name="account-delete"),
    path("keep/", views.keep, name="account-keep"),
]
