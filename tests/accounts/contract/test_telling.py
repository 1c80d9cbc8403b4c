"""A serializer that is built once tells each row to who asks, and keeps nothing of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from rest_framework import serializers

from accounts.contract.telling import Telling


class Word(Telling, serializers.Serializer[Any]):
    word = serializers.CharField()
    asker = serializers.SerializerMethodField()

    def get_asker(self, row: Any) -> str:
        return f"{self.context['asker']} {id(self)}"


class Longer(Word):
    length = serializers.SerializerMethodField()

    def get_length(self, row: Any) -> int:
        if row["word"] == "bad":
            raise ValueError
        return len(row["word"])


def test_who_asks_is_another_each_time_and_the_serializer_the_same() -> None:
    first, second = (Word.tell({"word": "lamp"}, {"asker": name})["asker"].split() for name in ("a", "b"))
    assert (first[0], second[0]) == ("a", "b")
    assert first[1] == second[1]


def test_a_form_that_adds_fields_has_a_serializer_of_its_own() -> None:
    assert "length" not in Word.tell({"word": "lamp"}, {"asker": "a"})
    assert Longer.tell({"word": "lamp"}, {"asker": "a"})["length"] == 4


def test_nothing_of_who_asked_is_kept_also_where_it_fails() -> None:
    with pytest.raises(ValueError):
        Longer.tell({"word": "bad"}, {"asker": "a"})
    with pytest.raises(KeyError):
        Word.tell({"word": "lamp"}, {})


def test_each_thread_has_its_own() -> None:
    def told(_: int) -> str:
        return str(Word.tell({"word": "lamp"}, {"asker": "a"})["asker"])

    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(told, 0).result()
    assert elsewhere != told(0)
