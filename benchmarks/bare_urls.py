"""The product's addresses and ``/bare``: a view that inserts one row and does nothing else."""

from __future__ import annotations

import json

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from helpdesk import urls


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    body = json.loads(request.body)["body"]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bare_row (body) VALUES (%s)", [body])
    return JsonResponse({"done": True}, status=201)


urlpatterns = [path("bare", bare), *urls.urlpatterns]
