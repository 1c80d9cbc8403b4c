from django.urls import path

from triage.answers.help import framed, views

urlpatterns = [
    path("help/", views.home, name="help"),
    path("help/suggestions/", views.suggest, name="help-suggest"),
    path("help/solved/", views.solved, name="help-solved"),
    path("help/<slug:slug>/", views.article, name="help-article"),
    path("help/<slug:slug>/helpful/", views.helpful, name="help-vote"),
    path("widget/<str:key>/help/", framed.find, name="widget-help"),
    path("widget/<str:key>/help/<slug:slug>/", framed.article, name="widget-article"),
    path("widget/<str:key>/suggestions/", framed.suggest, name="widget-suggest"),
    path("widget/<str:key>/solved/", framed.solved, name="widget-solved"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("robots.txt", views.robots, name="robots"),
]
