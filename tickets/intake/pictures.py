"""Small pictures of large ones, made once when a file comes in. Whatever Pillow cannot do safely has none."""

from __future__ import annotations

import io
import logging
import warnings
from typing import Final

from django.core.files.base import ContentFile
from PIL import Image, ImageOps

from tickets.models import Attachment

logger = logging.getLogger(__name__)

SIDE: Final = 320  # pixels of the longer side
#: A picture is decoded whole: so many pixels take 100 MB. JPEG is reduced while it is read, and may be larger.
MAX_PIXELS: Final = 25_000_000
MAX_JPEG_PIXELS: Final = 120_000_000
FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}


def thumbnail_path(attachment: Attachment) -> str:
    return f"{attachment.file.name}.small"


def make_thumbnail(attachment: Attachment) -> bool:
    """Keep a small WebP beside the file; whether there is one now."""
    kind = FORMATS.get(attachment.content_type)
    if kind is None:
        return False
    try:
        with attachment.file.open("rb") as file:
            small = _reduced(io.BytesIO(file.read()), kind)
    except Exception as error:
        # Arbitrary bytes meet a large library: whatever it says, the file is kept and shown by its name.
        logger.info("No thumbnail of attachment %s: %s", attachment.pk, type(error).__name__)
        return False
    attachment.file.storage.save(thumbnail_path(attachment), ContentFile(small))
    return True


def _reduced(content: io.BytesIO, kind: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS
        with Image.open(content, formats=(kind,)) as picture:
            if picture.width * picture.height > (MAX_JPEG_PIXELS if kind == "JPEG" else MAX_PIXELS):
                raise Image.DecompressionBombError("too many pixels")
            picture.draft("RGB", (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((SIDE, SIDE))
            out = io.BytesIO()
            upright.convert("RGBA" if upright.has_transparency_data else "RGB").save(out, "WEBP", quality=80)
            return out.getvalue()


def delete_files(attachment: Attachment) -> None:
    """The file and its small picture, from the disk."""
    storage = attachment.file.storage
    for name in (attachment.file.name, thumbnail_path(attachment)):
        if name:
            storage.delete(name)
