"""Images and sounds in memory, as encoded media with the keys of their contents.

The key of an image covers its mode and its pixels, that of a sound its samples and its rate, and
that of encoded bytes these bytes. Whoever reads an item again gets the item that the key belongs
to, or an error: a data set with random transforms gives another image each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.media.inside import EMPTY, NOTHING, MediaFile
from mmbench.storage.content_keys import digest

if TYPE_CHECKING:
    from PIL.Image import Image

_AS_PPM = ("L", "RGB")  # modes that PPM stores without compression
_AS_PNG = ("1", "LA", "P", "RGBA", "I", "I;16")


class Encoded(NamedTuple):
    """A media item: its kind, a function that encodes it, and its key of 16 bytes.

    The kind is image, audio, or bytes if the modality is unknown.
    """

    kind: str
    encode: Callable[[], bytes]
    key: bytes


class CellMedia(MediaFile):
    """The media in a column of rows in memory; `cell` returns the cell of a row.

    `keys` has the key of each row, None for a row without a media item. `cell` is called by one
    thread at a time.
    """

    def __init__(self, cell: Callable[[int], object], keys: Sequence[bytes | None]) -> None:
        self._cell, self._lock = cell, Lock()
        self._keys = [NOTHING if key is None else key for key in keys]
        self.digests = b"".join(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def read(self, number: int) -> bytes:
        """Return the encoded item of a row; b"" if it has none. Raises ValueError."""
        if self._keys[number] in (NOTHING, EMPTY):
            return b""
        with self._lock:
            medium = encoded(self._cell(number))
        if medium is None or medium.key != self._keys[number]:
            raise ValueError(
                "the data set returned something else than before; evaluate it without random"
                " transforms"
            )
        return medium.encode()

    def each(self) -> Iterator[bytes | None]:
        """Yield the encoded item of each row, None for a row without one. Raises ValueError."""
        for number in range(len(self)):
            yield self.read(number) or None


def encoded(cell: Any) -> Encoded | None:
    """Return a cell as a media item; None for a cell of another kind, such as a text.

    Media items are: PIL images; images as arrays [height, width] or [height, width, channels], or
    as tensors [channels, height, width], of bytes or of numbers from 0 to 1; sounds as (samples,
    rate) or {"array": samples, "sampling_rate": rate}; bytes of a file, also as {"bytes": …}. To
    encode an array that is neither an image nor a sound raises ValueError.
    """
    if isinstance(cell, bytes | bytearray | memoryview):
        data = bytes(cell)
        return Encoded("bytes", lambda: data, digest(data) if data else EMPTY)
    if isinstance(cell, Mapping):
        if isinstance(cell.get("bytes"), bytes):
            return encoded(cell["bytes"])
        if {"array", "sampling_rate"} <= cell.keys():
            return _or_invalid("audio", lambda: _sound(cell["array"], cell["sampling_rate"]))
        return None
    if isinstance(cell, tuple) and len(cell) == 2 and _is_array(cell[0]) and not np.ndim(cell[1]):
        return _or_invalid("audio", lambda: _sound(*cell))
    if hasattr(cell, "getbands") and hasattr(cell, "tobytes"):  # a PIL image
        return _image(cell)
    if _is_array(cell) and cell.ndim >= 2:
        return _or_invalid("image", lambda: _image(_from_array(cell)))
    return None


def _or_invalid(kind: str, make: Callable[[], Encoded]) -> Encoded:
    """Return a media item, or an item that raises ValueError when it is encoded."""
    try:
        return make()
    except ValueError as error:
        reason = str(error)

    def fail() -> bytes:
        raise ValueError(reason)

    return Encoded(kind, fail, digest("invalid", reason))


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray) or _is_tensor(value)


def _is_tensor(value: object) -> bool:
    return hasattr(value, "detach") and hasattr(value, "ndim")


def _image(image: Image) -> Encoded:
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    palette = upright.getpalette() if upright.mode == "P" else None
    size = f"{upright.mode} {upright.width} {upright.height} {palette}"
    return Encoded("image", lambda: _encode_image(upright), digest(size, upright.tobytes()))


def _encode_image(image: Image) -> bytes:
    if image.mode not in (*_AS_PPM, *_AS_PNG):
        if image.mode == "F":
            raise ValueError("the image has floating-point pixels, whose value range is unknown")
        image = image.convert("RGB")
    stream = BytesIO()
    if image.mode in _AS_PPM:
        image.save(stream, "PPM")
    else:
        image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _from_array(cell: Any) -> Image:
    """Return an array or a tensor as an image. Raises ValueError."""
    from PIL import Image

    array = np.asarray(cell.detach().cpu() if _is_tensor(cell) else cell)
    if _is_tensor(cell) and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ValueError(
            f"an array of shape {tuple(cell.shape)} is no image; give [height, width, 1, 3 or 4],"
            " or a tensor [1, 3 or 4, height, width]"
        )
    array = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    return Image.fromarray(_as_bytes(array))


def _as_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pixels as bytes; floats from 0 to 1 are multiplied by 255 (ToTensor divides them)."""
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if not np.issubdtype(array.dtype, np.floating) or not 0 <= low <= high <= 1:
        raise ValueError(
            f"an image of {array.dtype} from {low:g} to {high:g} is neither of uint8 nor of"
            " numbers from 0 to 1; give images before they are normalised"
        )
    return np.ascontiguousarray(np.rint(array * 255), np.uint8)


def _sound(samples: Any, rate: Any) -> Encoded:
    """Return samples [n], [n, channels] or, as a tensor, [channels, n] as a sound."""
    array = np.asarray(samples.detach().cpu() if _is_tensor(samples) else samples)
    if array.ndim == 2 and _is_tensor(samples):
        array = array.T
    if array.ndim not in (1, 2) or int(rate) < 1:
        raise ValueError(
            f"samples of shape {array.shape} at the rate {rate} are no sound; give [n] or"
            " [n, channels], and a positive rate"
        )
    array = np.ascontiguousarray(array if array.dtype == np.int16 else array.astype(np.float32))
    about = f"{array.dtype} {array.shape} {int(rate)}"
    return Encoded("audio", lambda: _encode_sound(array, int(rate)), digest(about, array.tobytes()))


def _encode_sound(samples: NDArray[Any], rate: int) -> bytes:
    import soundfile

    stream = BytesIO()
    subtype = "PCM_16" if samples.dtype == np.int16 else "FLOAT"
    soundfile.write(stream, samples, rate, format="WAV", subtype=subtype)
    return stream.getvalue()
