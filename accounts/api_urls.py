from django.urls import path

from accounts import api
from accounts.tokens import api as tokens

urlpatterns = [
    path("auth/login", api.LoginView.as_view(), name="api-login"),
    path("auth/refresh", api.RefreshView.as_view(), name="api-refresh"),
    path("auth/logout", api.LogoutView.as_view(), name="api-logout"),
    path("auth/register", api.RegisterView.as_view(), name="api-register"),
    path("auth/tokens", tokens.ApiTokensView.as_view(), name="api-own-tokens"),
    path("auth/tokens/<int:token_id>", tokens.ApiTokenView.as_view(), name="api-own-token"),
]
