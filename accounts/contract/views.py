"""What every endpoint keeps to: it takes what it names and nothing else, and says so where something else comes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar, Final, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.contract import once, unchanged
from accounts.contract.models import UsedKey
from accounts.contract.pages import KeysetPages
from accounts.contract.problems import KINDS
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.models import User
from accounts.readers import REFUSED, only_reads

VERSION: Final = "1"
VERSION_HEADER: Final = "API-Version"


class NoFields(StrictSerializer):
    """The body of what needs none: an empty object, or nothing at all."""


class JustAccept(DefaultContentNegotiation):
    """The media type is chosen by Accept alone, not by a parameter of the address."""

    settings: Any = SimpleNamespace(URL_FORMAT_OVERRIDE=None)


class ReadOnly(exceptions.PermissionDenied):
    default_code = "read_only"
    default_detail = REFUSED


class ContractView(APIView):
    """The base of every view below ``/api``."""

    content_negotiation_class = JustAccept

    #: Method → the form of its query. Where none is named, nothing may stand in it.
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {}
    #: Whether a request that is sent again is simply carried out again: it changes nothing more.
    repeatable: ClassVar[bool] = False
    #: Whether a POST beside another one with the same key finds what that one makes, so that neither has to wait.
    finds_its_twin: ClassVar[bool] = False
    #: Whether auditors may change something here: only what is their own.
    open_to_auditors: ClassVar[bool] = False
    #: Methods that read If-Match.
    reads_if_match: ClassVar[frozenset[str]] = frozenset()
    #: What the query says, checked.
    asked: Mapping[str, Any]

    #: The id of what a POST has made, for who sends it again with the same Idempotency-Key.
    made: str = ""
    taken: UsedKey | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """A request that is not carried out gives its key back, also where it breaks."""
        done = False
        try:
            response = super().dispatch(request, *args, **kwargs)
            done = response.status_code < 400
            return response
        finally:
            if self.taken is not None and done:
                once.finish(self.taken, self.made)
            elif self.taken is not None:
                once.give_back(self.taken)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if only_reads(request.user, request.method) and not self.open_to_auditors:
            raise ReadOnly
        self._agree_on_version(request)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if hasattr(self, method.lower()):
            form = self.query.get(method, StrictQuery)(
                data=request.query_params, context={"request": request}
            )
            form.is_valid(raise_exception=True)
            self.asked = form.validated_data
            if method == "POST" and (key := once.key_of(request)):
                self._take(key)

    def _take(self, key: str) -> None:
        """Take the key, or answer in place of the handler with what it has made already."""
        if not isinstance(self.request.user, User):
            raise serializers.ValidationError(
                {once.HEADER: ["It is not taken here: nobody is logged in whose it could be."]}
            )
        if self.repeatable:
            return
        fingerprint = once.fingerprint_of(self.request)
        row, is_new = once.take(self.request.user, key, fingerprint, waits=not self.finds_its_twin)
        if is_new:
            self.taken = row
        else:
            self.__dict__["post"] = partial(self._once_more, row.made)

    def _once_more(self, made: str, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = self.again(made, *args, **kwargs)
        response.headers["Idempotent-Replayed"] = "true"
        return response

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        """The answer to a POST that was carried out before: what it has ``made``, as it is now."""
        raise NotImplementedError(
            f"{type(self).__name__} makes things and does not say how to find them again."
        )

    def _agree_on_version(self, request: Request) -> None:
        wanted = request.headers.get(VERSION_HEADER, VERSION)
        if wanted != VERSION:
            raise serializers.ValidationError(
                {VERSION_HEADER: [f"There is only version {VERSION}. Allowed: {VERSION}."]}
            )

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers[VERSION_HEADER] = VERSION
        return answer

    @classmethod
    def headers_of(cls, method: str) -> dict[str, dict[str, Any]]:
        """The headers that ``method`` reads, with the schema of each, for the contract."""
        found: dict[str, dict[str, Any]] = {}
        if method == "POST" and AllowAny not in cls.permission_classes:
            found[once.HEADER] = once.SCHEMA
        if method in cls.reads_if_match:
            found["If-Match"] = unchanged.SCHEMA
        return found

    @property
    def caller(self) -> User:
        return cast(User, self.request.user)

    def body(self, form: type[StrictSerializer] = NoFields, **options: Any) -> dict[str, Any]:
        """What the body says, checked by ``form``."""
        given = form(data=self.request.data, context={"request": self.request}, **options)
        given.is_valid(raise_exception=True)
        return cast(dict[str, Any], given.validated_data)

    def shown(self, form: type[serializers.BaseSerializer[Any]], rows: Any, *, many: bool = False) -> Any:
        """``rows`` as JSON, with the fields that were asked for."""
        told = form(rows, many=many, context={"request": self.request})
        wanted = self.asked.get("fields") if hasattr(self, "asked") else None
        fields = cast(Any, told.child if many else told).fields if wanted else {}  # type: ignore[attr-defined]
        for name in set(fields) - {"id", *(wanted or ())}:
            fields.pop(name)
        return told.data

    def page(
        self, rows: QuerySet[Any], form: type[serializers.BaseSerializer[Any]], *, order: str = "-id"
    ) -> Response:
        """One page of ``rows`` by keyset; the query was checked by a PageQuery."""
        pages = KeysetPages(order, self.asked["page_size"])
        found = pages.paginate_queryset(rows, self.request, view=self)
        return pages.get_paginated_response(self.shown(form, found, many=True))


class KindSerializer(serializers.Serializer[Any]):
    type = serializers.URLField(help_text="The same as in the problem.")
    code = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    title = serializers.CharField()
    advice = serializers.CharField(help_text="What to do about it.")


class ProblemsView(ContractView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(operation_id="list_problems", responses=KindSerializer(many=True), auth=[])
    def get(self, request: Request) -> Response:
        """Every kind of error that this API knows."""
        return Response(KindSerializer(KINDS, many=True).data)
