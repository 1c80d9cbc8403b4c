"""The model's server may do what it likes: one question always ends in time, in size, and with a reason."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.triage.drafts.conftest import Model, streamed
from triage.drafts import endpoint
from triage.drafts.faults import Fault

MESSAGES = [{"role": "system", "content": "Choose."}, {"role": "user", "content": "{}"}]


def ask() -> endpoint.Written:
    return endpoint.complete(MESSAGES, {"type": "object"})


def fault_of(model: Model, sends: Any) -> str:
    model.sends = sends
    with pytest.raises(Fault) as caught:
        ask()
    return caught.value.code


def whole(handler: Any, body: bytes, *, status: int = 200, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def test_a_stream_is_read_whole_with_its_tokens(model: Model) -> None:
    model.says = lambda given: '{"use": ["A1"]}'
    assert ask() == endpoint.Written('{"use": ["A1"]}', 123)
    assert model.asked[0]["model"] == "stub"
    assert model.asked[0]["response_format"]["type"] == "json_schema"
    assert model.headers[0]["Authorization"] == "Bearer a-key"


def test_an_answer_in_one_piece_is_read_too(model: Model) -> None:
    said = {
        "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}],
        "usage": {"total_tokens": 9},
    }
    model.sends = lambda handler: whole(handler, json.dumps(said).encode())
    assert ask() == endpoint.Written("{}", 9)


@pytest.mark.parametrize(("form", "kind"), [("object", {"type": "json_object"}), ("text", None)])
def test_the_form_of_answers_is_asked_for_as_the_server_knows_it(
    model: Model, settings: Any, form: str, kind: object
) -> None:
    settings.LLM_ANSWERS, settings.LLM_KEY = form, ""
    model.says = lambda given: "{}"
    ask()
    assert model.asked[0].get("response_format") == kind
    assert "Authorization" not in model.headers[0]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "busy"),
        (503, "busy"),
        (500, "broken"),
        (502, "broken"),
        (400, "refused"),
        (401, "refused"),
        (302, "refused"),
    ],
)
def test_a_status_says_what_is_wrong(model: Model, status: int, code: str) -> None:
    assert fault_of(model, lambda handler: whole(handler, b"{}", status=status)) == code


@pytest.mark.parametrize("finish", [None, "length", "content_filter"])
def test_a_stream_that_does_not_say_stop_is_no_answer(model: Model, finish: str | None) -> None:
    assert fault_of(model, lambda handler: streamed(handler, '{"use": ["A1"]}', finish=finish)) == "cut"


def test_a_body_shorter_than_announced_is_cut(model: Model) -> None:
    assert fault_of(model, lambda handler: whole(handler, b'{"choices": ', length=500)) == "cut"


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b"{}", b'{"choices": [{"message": {"content": 5}}]}', b"[" * 5_000, b"\xff\xfe"],
)
def test_garbage_is_called_so(model: Model, body: bytes) -> None:
    assert fault_of(model, lambda handler: whole(handler, body)) == "garbage"


def test_garbage_in_a_stream_is_called_so(model: Model) -> None:
    def sends(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(b"data: {not json}\n\n")

    assert fault_of(model, sends) == "garbage"


def test_ten_megabytes_are_not_read(model: Model) -> None:
    sent = []

    def sends(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        for _ in range(160):
            handler.wfile.write(b" " * 65_536)
            sent.append(1)

    assert fault_of(model, sends) == "too_big"


def test_a_stream_of_endless_text_is_stopped(model: Model) -> None:
    assert fault_of(model, lambda handler: streamed(handler, "x" * 40_000)) == "too_big"


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n"]
)
def test_one_that_hangs_is_left_in_time(model: Model, settings: Any, first: bytes) -> None:
    settings.LLM_TIMEOUT_SECONDS = 0.3

    def sends(handler: Any) -> None:
        handler.wfile.write(first)
        handler.wfile.flush()
        handler.connection.recv(1)  # until the other side hangs up

    began = time.monotonic()
    assert fault_of(model, sends) == "timeout"
    assert time.monotonic() - began < 2


def test_nobody_there_is_told(settings: Any) -> None:
    settings.LLM_URL, settings.LLM_INTERNAL_HOSTS = "http://127.0.0.1:9", ["127.0.0.1"]
    with pytest.raises(Fault) as caught:
        ask()
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9",
        "http://10.0.0.1/v1",
        "http://169.254.169.254",
        "http://api.example.com",
        "https://localhost/v1",
    ],
)
def test_a_private_host_must_be_named(settings: Any, url: str) -> None:
    settings.LLM_URL, settings.LLM_INTERNAL_HOSTS = url, []
    with pytest.raises(Fault) as caught:
        ask()
    assert caught.value.code == "address"


def test_a_cloud_s_own_server_is_refused_even_if_named(settings: Any) -> None:
    settings.LLM_URL, settings.LLM_INTERNAL_HOSTS = "http://169.254.169.254", ["169.254.169.254"]
    with pytest.raises(Fault) as caught:
        ask()
    assert caught.value.code == "address"
