"""Spoken tickets: recordings are decoded and transcribed on this machine. Off until VOICE_MODEL names a model."""
