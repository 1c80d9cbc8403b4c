from django.apps import AppConfig


class WidgetConfig(AppConfig):
    name = "tickets.channels.widget"
    label = "widget"
    verbose_name = "Widget"
