"""Draws candidates at 128 pixels: SVG through librsvg, pictures through Pillow, resized by OpenCV.

Libraries are imported when the first picture is drawn, so that planning a build needs none of them.
"""
import functools
import hashlib
import io
import os
import zipfile

SIZE = 128
SMALL = 64
_CLIPART_OVERSAMPLING = 3  # clip art is cropped to its ink, so it is drawn larger first
_LARGEST_SVG = 1_500_000
_DRAWING_ERRORS = (ValueError, OSError, KeyError)


class Renderer:
    """Draws candidates; keeps the parsed icon sets it has used."""

    def __init__(self, inputs):
        import cairo
        import cv2
        import gi
        import numpy
        from PIL import Image
        gi.require_version('Rsvg', '2.0')
        from gi.repository import GLib, Rsvg
        cv2.setNumThreads(1)  # the build runs one process per core
        self._cairo, self._cv2, self._np, self._image, self._rsvg = cairo, cv2, numpy, Image, Rsvg
        self._errors = _DRAWING_ERRORS + (GLib.Error, cv2.error, cairo.Error)
        from .sources.iconify import read_set
        self._read_set = functools.lru_cache(maxsize=2)(lambda prefix: read_set(inputs, prefix))

    def draw(self, candidate):
        """(digest, {128: png, 64: png}) or None where the picture is blank, full or broken.

        Masks are 8-bit, 255 = ink; others RGB over white. The digest is that of the 64-pixel picture.
        """
        try:
            colour, alpha = self._draw_source(candidate.source)
        except self._errors:
            return None
        np = self._np
        if candidate.tier == 'mask':
            darkness = np.clip(alpha[..., 0] - colour.sum(2) / 3, 0, 255)
            coverage = darkness.mean() / 255
            if coverage < 0.004 or coverage > 0.97:
                return None
            large = (darkness + .5).astype(np.uint8)
        else:
            large = np.clip(colour + 255 - alpha + .5, 0, 255).astype(np.uint8)
            if float(large.std()) < 3.0:
                return None
            if candidate.tier == 'clipart' and (alpha > 8).mean() < 0.015:
                return None
        small = self._cv2.resize(large, (SMALL, SMALL), interpolation=self._cv2.INTER_AREA)
        return (hashlib.sha1(small.tobytes()).hexdigest(),
                {SIZE: self._png(large), SMALL: self._png(small)})

    def _draw_source(self, source):
        """Premultiplied RGB and alpha, both float32 [128, 128, 3 or 1] in 0-255."""
        kind = source[0]
        if kind == 'icon':
            return self._draw_svg(self._icon_svg(*source[1:]), SIZE)
        if kind == 'svg':
            if os.path.getsize(source[1]) > _LARGEST_SVG:
                raise ValueError(f'{source[1]}: too large')
            with open(source[1], 'rb') as stream:
                large = self._draw_svg(stream.read(), _CLIPART_OVERSAMPLING * SIZE)
            return self._crop_to_ink(*large)
        if kind == 'picture':
            return self._fit_picture(self._image.open(source[1]))
        with zipfile.ZipFile(source[1]) as archive:
            data = archive.read(source[2])
        return self._crop_to_ink(*self._fit_picture(self._image.open(io.BytesIO(data))))

    def _icon_svg(self, prefix, name):
        data = self._read_set(prefix)
        icon = data['icons'][name]

        def value(key, default):
            return icon.get(key, data.get(key, default))
        width, height = value('width', 16), value('height', 16)
        body = icon['body'].replace('currentColor', '#000')
        return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                f'width="{width}" height="{height}" '
                f'viewBox="{value("left", 0)} {value("top", 0)} {width} {height}" '
                f'color="#000">{body}</svg>').encode()

    def _draw_svg(self, data, size):
        np, cairo = self._np, self._cairo
        handle = self._rsvg.Handle.new_from_data(data)
        surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, size, size)
        viewport = self._rsvg.Rectangle()
        viewport.x = viewport.y = 0
        viewport.width = viewport.height = size
        handle.render_document(cairo.Context(surface), viewport)
        surface.flush()
        bgra = np.ndarray((size, size, 4), np.uint8, surface.get_data(),
                          strides=(surface.get_stride(), 4, 1)).astype(np.float32)
        return bgra[..., [2, 1, 0]], bgra[..., 3:4]

    def _fit_picture(self, picture):
        """Fits a picture into the square, centred, aspect kept."""
        np, cv2 = self._np, self._cv2
        pixels = np.asarray(picture.convert('RGBA')).astype(np.float32)
        alpha = pixels[..., 3:]
        pixels = np.dstack([pixels[..., :3] * alpha / 255, alpha])
        height, width = pixels.shape[:2]
        scale = SIZE / max(height, width)
        new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
        pixels = cv2.resize(pixels, (new_width, new_height),
                            interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        square = np.zeros((SIZE, SIZE, 4), np.float32)
        top, left = (SIZE - new_height) // 2, (SIZE - new_width) // 2
        square[top:top + new_height, left:left + new_width] = np.clip(pixels, 0, 255)
        return square[..., :3], square[..., 3:]

    def _crop_to_ink(self, colour, alpha, margin=0.04):
        """Crops to what is inked, squares it with a margin, resizes."""
        np, cv2 = self._np, self._cv2
        ys, xs = np.where(alpha[..., 0] > 12)
        if len(ys) == 0:
            return colour[:SIZE, :SIZE], alpha[:SIZE, :SIZE]
        y0, y1, x0, x1 = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
        side = int(max(y1 - y0, x1 - x0) * (1 + 2 * margin)) + 1
        square = np.zeros((side, side, 4), np.float32)
        top, left = (side - (y1 - y0)) // 2, (side - (x1 - x0)) // 2
        square[top:top + y1 - y0, left:left + x1 - x0] = np.dstack([colour, alpha])[y0:y1, x0:x1]
        square = cv2.resize(square, (SIZE, SIZE),
                            interpolation=cv2.INTER_AREA if side >= SIZE else cv2.INTER_CUBIC)
        square = np.clip(square, 0, 255)
        return square[..., :3], square[..., 3:]

    def _png(self, pixels):
        data = io.BytesIO()
        self._image.fromarray(pixels).save(data, 'PNG', compress_level=9)
        return data.getvalue()
