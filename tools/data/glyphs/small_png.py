"""PNG files as small as they get without a visible loss."""
import io

import numpy as np
from PIL import Image


def encode_small(pixels, colours=64):
    """PNG of uint8 [h, w, 3]: a palette of at most `colours`, or lossless where that is not larger."""
    picture = Image.fromarray(pixels)
    reduced = picture.quantize(colours, method=Image.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    candidates = [_png(picture), _png(reduced)]
    if (pixels[..., :1] == pixels).all():
        grey = Image.fromarray(pixels[..., 0])
        candidates.append(_png(grey))
    return min(candidates, key=len)


def encode_mosaic(tiles, per_row, colours):
    """PNG of uint8 [count, n, n, 3] laid out row by row, the rest of the last row white."""
    count, size = tiles.shape[:2]
    rows = -(-count // per_row)
    padded = np.full((rows * per_row, size, size, 3), 255, np.uint8)
    padded[:count] = tiles
    mosaic = padded.reshape(rows, per_row, size, size, 3).transpose(0, 2, 1, 3, 4)
    picture = Image.fromarray(mosaic.reshape(rows * size, per_row * size, 3))
    return _png(picture.quantize(colours, method=Image.MEDIANCUT, dither=Image.Dither.NONE))


def split_mosaic(mosaic, size, count):
    """The tiles of a decoded mosaic uint8 [rows*size, per_row*size, 3], as [count, size, size, 3]."""
    rows, per_row = mosaic.shape[0] // size, mosaic.shape[1] // size
    tiles = mosaic.reshape(rows, size, per_row, size, 3).transpose(0, 2, 1, 3, 4)
    return tiles.reshape(-1, size, size, 3)[:count]


def _png(picture):
    data = io.BytesIO()
    picture.save(data, 'PNG', optimize=True)
    return data.getvalue()
