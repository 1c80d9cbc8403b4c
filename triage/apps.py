from django.apps import AppConfig
from django.conf import settings


class TriageConfig(AppConfig):
    name = "triage"
    verbose_name = "Triage"

    def ready(self) -> None:
        from triage import signals  # noqa: F401  # receivers register when their module is loaded

        if settings.TRIAGE_ENCODER:
            from triage.running.sentence_encoder import configured_encoder  # loads the engine's libraries

            configured_encoder()  # what is wrong with it shows at the start of whatever process this is

        if settings.VECTOR_STORE in {"faiss", "pgvector"}:
            from tickets.watch import findings
            from triage.running import vector_store

            vector_store.keeper()  # likewise
            findings.register("vectors", vector_store.check)
