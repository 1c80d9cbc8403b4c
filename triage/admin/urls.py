"""Addresses below ``/admin/`` that belong to no table. They stand before the admin site's own."""

from django.contrib import admin
from django.urls import include, path

from triage.admin import help as help_centre
from triage.admin import house, languages, pages
from triage.admin.desk import crew, live, mails, many, saved, steps, together, written
from triage.admin.desk.expired import keeps_what_was_typed
from triage.admin.desk.shell import agents_only

keeps = keeps_what_was_typed(steps.TYPED)

urlpatterns = [
    path("", admin.site.admin_view(pages.home), name="admin-home"),
    path("next/", agents_only(live.next_ticket), name="desk-next"),
    path("desk/all-seen/", agents_only(live.all_seen), name="desk-all-seen"),
    path("desk/undo/<int:held_id>/", agents_only(live.undo), name="desk-undo"),
    path("desk/many/", agents_only(many.many), name="desk-many"),
    path("desk/many/export/", many.export, name="desk-export"),
    path("desk/many/<int:bulk_id>/", agents_only(many.report), name="desk-many-run"),
    path("desk/many/<int:bulk_id>/stop/", agents_only(many.stop), name="desk-many-stop"),
    path("desk/views/save/", agents_only(saved.save), name="desk-save-view"),
    path("desk/views/<int:view_id>/delete/", agents_only(saved.delete), name="desk-delete-view"),
    path("desk/teams/", agents_only(crew.teams), name="desk-teams"),
    path("desk/beside/", agents_only(live.beside), name="desk-beside"),
    path("desk/intents/", agents_only(live.find_intents), name="desk-intents"),
    path("desk/macros/", agents_only(live.find_macros), name="desk-macros"),
    path("desk/tags/", agents_only(live.find_tags), name="desk-tags"),
    path("desk/references/", agents_only(live.find_references), name="desk-references"),
    path("desk/people/", agents_only(live.find_people), name="desk-people"),
    path("desk/find/", agents_only(live.find), name="desk-find"),
    path("desk/<int:ticket_id>/macro/", keeps(agents_only(live.apply_macro)), name="desk-macro"),
    path("desk/<int:ticket_id>/draft/", keeps(agents_only(live.keep_draft)), name="desk-draft"),
    path(
        "desk/<int:ticket_id>/files/<int:file_id>/drop/", agents_only(live.drop_file), name="desk-drop-file"
    ),
    path("desk/<int:ticket_id>/written/", agents_only(written.written), name="desk-written"),
    path(
        "desk/<int:ticket_id>/written/<int:proposal_id>/refuse/",
        agents_only(written.refuse),
        name="desk-refuse-written",
    ),
    path("desk/<int:ticket_id>/live/", agents_only(live.live), name="desk-live"),
    path("desk/<int:ticket_id>/earlier/", agents_only(live.earlier), name="desk-earlier"),
    path("desk/<int:ticket_id>/trail/", agents_only(live.trail), name="desk-trail"),
    path("desk/<int:ticket_id>/mails/<int:mail_id>/", agents_only(mails.as_sent), name="desk-mail"),
    path("desk/<int:ticket_id>/merge/", agents_only(together.merge), name="desk-merge"),
    path("desk/<int:ticket_id>/split/", agents_only(together.split), name="desk-split"),
    # Before Django's own address of a ticket, to keep what is sent there after the session has ended.
    path("tickets/ticket/<int:ticket_id>/change/", keeps(agents_only(steps.desk_view)), name="desk-ticket"),
    path("", include("triage.admin.instruments.urls")),
    path("help-readers/", help_centre.readers, name="help-readers"),
    path("languages/", languages.languages_page, name="triage-languages"),
    path("languages/<int:answer_id>/", languages.translate, name="triage-translate"),
    path("house/", house.house_page, name="triage-house"),
    path("house/preview/", house.house_preview, name="triage-house-preview"),
    path("house/read/<int:answer_id>/", house.read_answer, name="triage-house-read"),
    path("house/automate/<int:answer_id>/", house.automate, name="triage-house-automate"),
    path("oversight/", include("triage.admin.oversight.urls")),
    path("simulator/", pages.simulator, name="triage-simulator"),
]
