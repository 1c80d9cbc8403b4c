"""Forms that show what a change would do before it is saved."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from triage.models import Guard, Intent, Mode, Rule
from triage.oversight.preview import Hits, guard_hits, rule_hits


class IntentForm(forms.ModelForm):
    """The last step of the ladder has a page of its own, where the evidence is."""

    def clean_mode(self) -> str:
        mode: str = self.cleaned_data["mode"]
        if mode == Mode.AUTO and self.initial.get("mode") != Mode.AUTO:
            raise ValidationError(
                "The step to Auto is made on the ladder, beside its evidence.", code="ladder"
            )
        return mode

    class Meta:
        model = Intent
        fields: ClassVar[list[str]] = ["title", "slug", "group", "description", "mode", "threshold"]


class ShowsHits(forms.ModelForm):
    """Saved only when its hits on the latest tickets were seen; where they are many, when that is said once more."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def hits(self, cleaned: dict[str, Any]) -> Hits:
        raise NotImplementedError

    def _post_clean(self) -> None:
        """After the model's own checks: only a pattern that can be read has hits."""
        super()._post_clean()  # type: ignore[misc]
        changed = set(self.changed_data) - {"seen"}
        if self.errors or not self.cleaned_data.get("is_active") or not changed & {"pattern", "is_active"}:
            return
        found = self.hits(self.cleaned_data)
        if found.count and (ask := self._question(found)):
            self.add_error(None, ValidationError(ask, code="hits"))

    def _question(self, found: Hits) -> str:
        """What is still to be asked; the form keeps how often it was answered, for this very pattern."""
        said, pattern = self.cleaned_data.get("seen", ""), self.cleaned_data["pattern"]
        asked = int(found.is_many) + 1
        steps = [hashlib.sha256(f"{pattern}\0{at}".encode()).hexdigest()[:16] for at in range(asked)]
        done = steps.index(said) + 1 if said in steps else 0
        if done == asked:
            return ""
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data[self.add_prefix("seen")] = steps[done]  # type: ignore[index]
        return found.words(again=done > 0)


class GuardForm(ShowsHits):
    class Meta:
        model = Guard
        fields: ClassVar[list[str]] = ["topic", "pattern", "is_active", "seen"]

    def hits(self, cleaned: dict[str, Any]) -> Hits:
        return guard_hits(cleaned["pattern"])


class RuleForm(ShowsHits):
    class Meta:
        model = Rule
        fields: ClassVar[list[str]] = ["pattern", "weight", "is_active", "seen"]

    def hits(self, cleaned: dict[str, Any]) -> Hits:
        return rule_hits(cleaned["pattern"])
