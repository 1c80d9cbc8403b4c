"""The account pages: ours, and django-allauth's under their own names."""

from django.urls import include, path

from accounts import views

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("signup/", views.signup, name="account_signup"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("email/", views.email, name="account_email"),
    path("profile/", views.profile, name="profile"),
    path("logout/everywhere/", views.log_out_everywhere, name="log-out-everywhere"),
    path("", include("allauth.account.urls")),
]
