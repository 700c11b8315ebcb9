"""Rendered pictures of a run of candidates, kept on disk so that a build can be interrupted."""
import json
import os
import zipfile

PART_SIZE = 512


def part_path(folder, index):
    return os.path.join(folder, f'part-{index:04d}.zip')


def write_part(path, drawn):
    """Writes the results of Renderer.draw (None or (digest, {size: png})) under a temporary name first."""
    temporary = f'{path}.part-{os.getpid()}'
    with zipfile.ZipFile(temporary, 'w', zipfile.ZIP_STORED) as archive:
        digests = [result and result[0] for result in drawn]
        archive.writestr('digests.json', json.dumps(digests))
        for number, result in enumerate(drawn):
            if result:
                for size, data in result[1].items():
                    archive.writestr(f'{number}-{size}.png', data)
    os.replace(temporary, path)


def read_part(path, sizes):
    """Yields (digest, {size: png}) or None per candidate."""
    with zipfile.ZipFile(path) as archive:
        for number, digest in enumerate(json.loads(archive.read('digests.json'))):
            yield digest and (digest, {size: archive.read(f'{number}-{size}.png') for size in sizes})


def is_complete(path):
    """True where the part was finished: a zip's directory is written last."""
    try:
        with zipfile.ZipFile(path) as archive:
            return 'digests.json' in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
