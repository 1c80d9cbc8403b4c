"""The account pages: ours, and django-allauth's under their own names."""

from django.urls import include, path

from accounts import views

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("profile/", views.profile, name="profile"),
    path("", include("allauth.account.urls")),
]
