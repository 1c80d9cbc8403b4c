"""The addresses with the style guide among them, as with DEBUG."""

from django.urls import include, path

from helpdesk import urls

urlpatterns = [path("styleguide/", include("helpdesk.styleguide.urls")), *urls.urlpatterns]
handler400, handler403, handler404, handler500 = (
    urls.handler400, urls.handler403, urls.handler404, urls.handler500,
)  # fmt: skip
