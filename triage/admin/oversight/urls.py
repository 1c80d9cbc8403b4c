"""Addresses of oversight below ``/admin/``."""

from django.urls import path

from triage.admin.oversight import drift, head, history, ladder, recalls, review

urlpatterns = [
    path("recall/", recalls.recall_page, name="oversight-recall"),
    path("recall/<int:recall_id>/", recalls.recall_report, name="oversight-recall-report"),
    path("review/", review.review_page, name="oversight-review"),
    path("precision/", review.precision_page, name="oversight-precision"),
    path("ladder/", ladder.ladder_page, name="oversight-ladder"),
    path("ladder/<int:intent_id>/", ladder.intent_page, name="oversight-intent"),
    path("alarms/", ladder.alarms_page, name="oversight-alarms"),
    path("alarms/<int:latch_id>/resume/", ladder.resume, name="oversight-resume"),
    path("drift/", drift.drift_page, name="oversight-drift"),
    path("drift/accept/", drift.accept, name="oversight-drift-accept"),
    path("retire/<int:answer_id>/", ladder.retire_page, name="oversight-retire"),
    path("undo/<int:version_id>/", history.undo, name="oversight-undo"),
    path("switch/", head.switch_view, name="oversight-switch"),
]
