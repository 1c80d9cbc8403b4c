from django.urls import path

from helpdesk.styleguide.views import guide

urlpatterns = [path("", guide, name="styleguide")]
