"""What all endpoints of supervisors have in common: who may call them, and what is asked of them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.contract.views import ContractView
from accounts.signin import programs
from accounts.tokens.scopes import Scope
from tickets.api.views import caller

READ: Mapping[str, Scope] = {"GET": Scope.ADMIN_READ}
READ_AND_WRITE: Mapping[str, Scope] = {
    "GET": Scope.ADMIN_READ, "POST": Scope.ADMIN_WRITE, "PATCH": Scope.ADMIN_WRITE, "DELETE": Scope.ADMIN_WRITE,
}  # fmt: skip


class IsSupervisor(BasePermission):
    message = "Only supervisors do that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Auditors may come in: the base of every view lets them only read."""
        return bool(request.user and request.user.is_authenticated and caller(request).reads_house)


class NotYet(exceptions.APIException):
    """The house's own rules do not allow it; the message says what is missing."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "refused"


class OtherEyes(exceptions.PermissionDenied):
    default_code = "other_eyes"


class SupervisorView(ContractView):
    permission_classes = [IsSupervisor]
    needs = READ_AND_WRITE
    #: Methods that are a power: they ask for a fresh second factor, whatever the body says.
    powers: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in self.powers:
            programs.demand(request)


def checked(form: forms.ModelForm[Any]) -> forms.ModelForm[Any]:
    """The form of the page, if it is valid; its errors as those of a body."""
    if not form.is_valid():
        errors = {
            name if name != "__all__" else "non_field_errors": said for name, said in form.errors.items()
        }
        raise serializers.ValidationError({name: [str(one) for one in said] for name, said in errors.items()})
    return form
