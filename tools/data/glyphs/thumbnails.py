"""Nearest neighbour over small thumbnails: the captioner without a model that a model has to beat."""
import os

import cv2
import numpy as np


def load_rgb(path):
    """Reads a picture as uint8 [height, width, 3], alpha composed over white, grey repeated."""
    picture = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError(f'{path}: not a readable picture')
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    if picture.shape[2] == 4:
        alpha = picture[..., 3:].astype(np.float32) / 255
        picture = (picture[..., :3] * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)
    return np.ascontiguousarray(picture[..., ::-1])


def thumbnail(picture, size):
    """Area-averages uint8 [h, w, 3] to uint8 [size, size, 3]."""
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def load_thumbnails(folder, rows, sizes):
    """Returns {size: uint8 [rows, size, size, 3]} for the pictures named in rows."""
    result = {size: np.empty((len(rows), size, size, 3), np.uint8) for size in sizes}
    for index, row in enumerate(rows):
        picture = load_rgb(os.path.join(folder, row['file']))
        for size in sizes:
            result[size][index] = thumbnail(picture, size)
    return result


def nearest(queries, references, chunk=256):
    """Index of the reference with the smallest RMS difference, and that RMS in [0, 1], per query.

    queries uint8 [q, n, n, 3], references uint8 [r, n, n, 3]; ties go to the lower index.
    """
    flat = references.reshape(len(references), -1).astype(np.float32) / 255
    squared = (flat * flat).sum(1)
    best = np.empty(len(queries), np.int64)
    distance = np.empty(len(queries), np.float32)
    for start in range(0, len(queries), chunk):
        part = queries[start:start + chunk].reshape(-1, flat.shape[1]).astype(np.float32) / 255
        scores = (part * part).sum(1)[:, None] + squared[None] - 2 * part @ flat.T
        winner = scores.argmin(1)
        best[start:start + len(part)] = winner
        # The expanded square loses digits near zero: the winner's distance is computed directly.
        distance[start:start + len(part)] = np.sqrt(((part - flat[winner]) ** 2).mean(1))
    return best, distance
