"""Lists in pages by keyset: as fast on the last page as on the first, and none is missed or shown twice."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError as NotOfTheColumn
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from accounts.contract.strict import StrictQuery, unknown

MOST: Final = 100
LARGEST_KEY: Final = 2**63 - 1


class PageQuery(StrictQuery):
    """What every list takes."""

    cursor = serializers.CharField(
        required=False, max_length=400, help_text="Out of `next` or `previous` of another page."
    )
    page_size = serializers.IntegerField(min_value=1, max_value=MOST, default=25)


class FieldsField(serializers.Field[Any, Any, Any, Any]):
    """Names of fields, with commas or given several times; of ``form``, which is what the answer is made by."""

    may_repeat = True

    def __init__(self, form: type[serializers.Serializer[Any]], **options: Any) -> None:
        super().__init__(required=False, help_text="Only these fields are sent; all without it.", **options)
        self.form = form

    def get_value(self, dictionary: Any) -> Any:
        given = dictionary.getlist(self.field_name)
        return ",".join(given) if given else serializers.empty

    def to_internal_value(self, data: str) -> tuple[str, ...]:
        there = list(self.form().fields)
        names = [name.strip() for name in data.split(",")]
        for name in names:
            if name not in there:
                raise ValidationError(unknown(name, there))
        return tuple(dict.fromkeys(names))

    def to_representation(self, value: Any) -> Any:
        return value


def fields_of(form: type[serializers.Serializer[Any]], names: list[str]) -> FieldsField:
    """The query's ``fields`` for answers by ``form``, whose fields are told to the contract as ``names``."""
    schema = {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1}
    described: type[FieldsField] = extend_schema_field(schema)(type("FieldsField", (FieldsField,), {}))
    return described(form)


class KeysetPages(CursorPagination):
    """``order`` is a column with or without a minus; ``size`` was checked by a PageQuery."""

    def __init__(self, order: str, size: int) -> None:
        self.ordering = (order, "-pk")
        self.page_size = size

    def get_page_size(self, request: Request) -> int | None:
        return self.page_size

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        name = self.ordering[0].lstrip("-")
        self.column = next(one for one in queryset.model._meta.concrete_fields if one.attname == name)
        if self.column.unique:
            self.ordering = self.ordering[:1]
        page: list[Any] | None = super().paginate_queryset(queryset, request, view)
        self.base_url = f"{settings.SITE_URL}{request.get_full_path()}"  # not the Host that the client writes
        return page

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                at = self.column.to_python(cursor.position)
                if isinstance(at, int) and abs(at) > LARGEST_KEY:
                    raise NotOfTheColumn("too large")
        except (NotFound, NotOfTheColumn, ValueError) as error:
            raise ValidationError(
                {"cursor": ["Not a cursor of this list. Take it from next or previous."]}
            ) from error
        return cursor


def paged(form: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """A page of rows by ``form``, for the contract."""
    name = f"{form.__name__.removesuffix('Serializer')}PageSerializer"
    link: dict[str, Any] = {
        "allow_null": True,
        "help_text": "Address of that page; null where there is none.",
    }
    members = {
        "next": serializers.URLField(**link), "previous": serializers.URLField(**link), "results": form(many=True),
    }  # fmt: skip
    return type(name, (serializers.Serializer,), members)


def sparse(form: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The same where only some fields may be asked for, for the contract. The id is always sent."""
    return type(f"Sparse{form.__name__}", (form,), {"is_sparse": True})
