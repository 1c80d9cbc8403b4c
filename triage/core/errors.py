"""The core's one error tree. A message names the thing, what is wrong with it and what to do."""


class CoreError(Exception):
    """Base of everything the core raises on purpose."""


class TrainingError(CoreError):
    """The examples cannot train a model (too few, one intent only, empty texts)."""


class ArtefactError(CoreError):
    """A stored model or index is missing, corrupt, or of another format version."""


class RuleError(CoreError):
    """A keyword pattern cannot be parsed."""


class EncoderError(CoreError):
    """The optional sentence encoder's weights or tokenizer are missing or broken."""
