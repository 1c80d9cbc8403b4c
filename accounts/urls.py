"""django-allauth's account pages, under their own names."""

from django.urls import include, path

urlpatterns = [path("", include("allauth.account.urls"))]
