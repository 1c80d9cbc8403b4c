"""Addresses of the instruments below ``/admin/``."""

from django.urls import path

from triage.admin.instruments import backtests, metrics, training, unanswered, what_if

urlpatterns = [
    path("metrics/", metrics.metrics_page, name="triage-metrics"),
    path("metrics/export/", metrics.metrics_csv, name="triage-metrics-csv"),
    path("metrics/tickets/", metrics.behind_page, name="triage-behind"),
    path("metrics/tickets/export/", metrics.behind_csv, name="triage-behind-csv"),
    path("backtest/", backtests.backtests_page, name="triage-backtests"),
    path("backtest/<int:run_id>/", backtests.backtest_page, name="triage-backtest"),
    path("backtest/<int:run_id>/report.html", backtests.backtest_html, name="triage-backtest-html"),
    path("backtest/<int:run_id>/report.json", backtests.backtest_json, name="triage-backtest-json"),
    path("runs/<int:run_id>/stop/", backtests.stop_run, name="triage-stop-run"),
    path("unanswered/", unanswered.unanswered_page, name="triage-unanswered"),
    path("what-if/", what_if.what_if_page, name="triage-what-if"),
    path("training/", training.training_page, name="triage-training"),
    path("training/back/", training.back_to_earlier, name="triage-training-back"),
    path("training/<int:model_id>/promote/", training.promote_page, name="triage-promote"),
]
