"""The tags' part of the search box."""

from __future__ import annotations

from django.db.models import Q

from tickets.access import Viewer
from tickets.search.filters import register_filter
from tickets.search.query import SearchRefused
from tickets.tags.models import Tag, Tagging
from tickets.tags.tagging import NoTag, read_names


def by_tag(value: str, viewer: Viewer) -> Q:
    try:
        names = read_names(value)
    except NoTag as error:
        raise SearchRefused(str(error)) from error
    tags = list(Tag.objects.filter(name__in=names).values_list("pk", flat=True))
    if not tags:
        raise SearchRefused(f"No ticket bears the tag “{value}”. Tags are written as in tag:refund.")
    return Q(pk__in=Tagging.objects.filter(tag__in=tags).values("ticket"))


register_filter("tag", by_tag, example="tag:refund", words="the tags that the team put on it")
