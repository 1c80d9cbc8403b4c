from django.apps import AppConfig


class HelpConfig(AppConfig):
    name = "triage.answers.help"
    label = "help"
    verbose_name = "Help centre"
