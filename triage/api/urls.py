from django.urls import path

from triage.api import answers, decisions, figures, intents, oversight

urlpatterns = [
    path("tickets/<str:reference>/resolve", decisions.ResolveView.as_view(), name="api-resolve"),
    path("tickets/<str:reference>/spam", decisions.SpamView.as_view(), name="api-spam"),
    path("tickets/<str:reference>/intent", decisions.CorrectView.as_view(), name="api-correct"),
    path("admin/metrics", figures.MetricsView.as_view(), name="api-metrics"),
    path("intents", intents.IntentsView.as_view(), name="api-intents"),
    path("intents/<slug:slug>", intents.IntentView.as_view(), name="api-intent"),
    path("intents/<slug:slug>/mode", intents.ModeView.as_view(), name="api-intent-mode"),
    path("intents/<slug:slug>/confirm", intents.ConfirmView.as_view(), name="api-intent-confirm"),
    path("answers", answers.AnswersView.as_view(), name="api-answers"),
    path("answers/<int:answer_id>", answers.AnswerView.as_view(), name="api-answer"),
    path("answers/<int:answer_id>/approve", answers.ApproveView.as_view(), name="api-answer-approve"),
    path("answers/<int:answer_id>/retire", answers.RetireView.as_view(), name="api-answer-retire"),
    path("policy/versions", oversight.PolicyVersionsView.as_view(), name="api-policy"),
    path(
        "policy/versions/<int:version_id>", oversight.PolicyVersionView.as_view(), name="api-policy-version"
    ),
    path(
        "policy/versions/<int:version_id>/restore", oversight.RestoreView.as_view(), name="api-policy-restore"
    ),
    path("policy/versions/<int:version_id>/undo", oversight.UndoView.as_view(), name="api-policy-undo"),
    path("automation", oversight.AutomationView.as_view(), name="api-automation"),
    path("automation/stop", oversight.StopView.as_view(), name="api-automation-stop"),
    path("automation/resume", oversight.ResumeView.as_view(), name="api-automation-resume"),
    path("alarms/<int:alarm_id>/resume", oversight.AlarmView.as_view(), name="api-alarm-resume"),
    path("audits", oversight.AuditsView.as_view(), name="api-audits"),
    path("audits/<int:audit_id>/verdict", oversight.VerdictView.as_view(), name="api-verdict"),
]
