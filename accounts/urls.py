"""The account pages: ours, and django-allauth's under their own names."""

from django.urls import include, path

from accounts import views
from accounts.signin import saml, sso
from accounts.tokens import views as tokens

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("signup/", views.signup, name="account_signup"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("email/", views.email, name="account_email"),
    path("profile/", views.profile, name="profile"),
    path("tokens/", tokens.tokens, name="api-tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="api-token-revoke"),
    path("logout/everywhere/", views.log_out_everywhere, name="log-out-everywhere"),
    path("2fa/authenticate/", views.second_step, name="mfa_authenticate"),
    path("2fa/webauthn/login/", views.passkey_login, name="mfa_login_webauthn"),
    path("2fa/", include("allauth.mfa.urls")),
    path("sso/<str:provider_id>/", sso.start, name="openid_connect_login"),
    path("sso/<str:provider_id>/callback/", sso.come_back, name="openid_connect_callback"),
    path("saml/<str:organization_slug>/", saml.start, name="saml_login"),
    path("saml/<str:organization_slug>/acs/", saml.receive, name="saml_acs"),
    path("saml/<str:organization_slug>/finish/", saml.finish, name="saml_finish"),
    path("saml/<str:organization_slug>/metadata/", saml.metadata, name="saml_metadata"),
    path("3rdparty/", include("allauth.socialaccount.urls")),
    path("", include("allauth.account.urls")),
]
