"""The whole build: gather, split, draw in parts, number what survives, write the table last."""
import collections
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import time

from . import parts, sources
from .emoji_labels import EmojiLabels, label_table
from .glosses import Glosses
from .render import Renderer
from .sets import sampling_weight
from .split import assign_splits
from .table import COLUMNS, write_atomically, write_table

_renderer = None  # one per worker process


def _start_worker(inputs):
    global _renderer
    _renderer = Renderer(inputs)


def _draw_part(job):
    path, candidates = job
    parts.write_part(path, [_renderer.draw(candidate) for candidate in candidates])
    return path


def plan(inputs, with_share_alike=False, only=()):
    """The split candidates; only restricts them to some sets without moving any picture's split."""
    candidates = sources.gather(inputs, EmojiLabels(inputs), with_share_alike)
    assign_splits(candidates)
    return [candidate for candidate in candidates if not only or candidate.set in only]


def build(inputs, output, candidates, sizes=(128,), processes=2):
    """Draws candidates into output/{color,mask}-SIZE/ and writes captions.tsv and emoji_labels.tsv.

    A build that was stopped goes on where it was; a finished one with the same candidates is kept.
    Returns a Counter of what was written and dropped.
    """
    os.makedirs(output, exist_ok=True)
    work = os.path.join(output, '.parts')
    fingerprint = _fingerprint(candidates, sizes)
    done = os.path.join(output, 'build.json')
    if _recorded(done) == fingerprint:
        print(f'{output}: already built')
        with open(done, encoding='utf-8') as stream:
            return collections.Counter(json.load(stream)['counts'])
    plan_file = os.path.join(work, 'plan.json')
    if _recorded(plan_file) != fingerprint:
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        write_atomically(plan_file, json.dumps({'fingerprint': fingerprint}).encode())
    for name in ('build.json', 'captions.tsv'):  # stale until the new pictures are all there
        if os.path.exists(os.path.join(output, name)):
            os.unlink(os.path.join(output, name))
    _draw_all(inputs, work, candidates, processes)
    rows, counts = _number_pictures(output, work, candidates, sizes, Glosses(inputs))
    languages, labels = label_table(inputs)
    write_table(os.path.join(output, 'emoji_labels.tsv'), ['emoji_hex', *languages], labels)
    os.sync()  # pictures are not synced one by one; the table that names them comes after all of them
    write_table(os.path.join(output, 'captions.tsv'), COLUMNS, rows)
    write_atomically(done, json.dumps({'fingerprint': fingerprint, 'counts': counts}, indent=1).encode())
    shutil.rmtree(work)
    return counts


def _fingerprint(candidates, sizes):
    state = hashlib.sha256(repr(sorted(sizes)).encode())
    for candidate in candidates:
        # Paths of the inputs differ between machines, their names do not.
        source = [os.path.basename(str(item)) for item in candidate.source]
        state.update(repr((source, candidate.set, candidate.label, candidate.split)).encode())
    return state.hexdigest()


def _recorded(path):
    try:
        with open(path, encoding='utf-8') as stream:
            return json.load(stream).get('fingerprint')
    except (OSError, ValueError):
        return None


def _draw_all(inputs, work, candidates, processes):
    chunks = range(0, len(candidates), parts.PART_SIZE)
    jobs = [(parts.part_path(work, index), candidates[start:start + parts.PART_SIZE])
            for index, start in enumerate(chunks)]
    todo = [job for job in jobs if not parts.is_complete(job[0])]
    if len(todo) < len(jobs):
        print(f'{len(jobs) - len(todo)} of {len(jobs)} parts are there already', flush=True)
    started = time.monotonic()
    context = multiprocessing.get_context('fork')
    with context.Pool(processes, _start_worker, (inputs,)) as pool:
        for number, _ in enumerate(pool.imap_unordered(_draw_part, todo), start=1):
            left = (time.monotonic() - started) / number * (len(todo) - number)
            print(f'\rpart {number} of {len(todo)}, about {left / 60:.0f} min left ', end='', flush=True)
    if todo:
        print()


def _number_pictures(output, work, candidates, sizes, glosses):
    """Numbers the pictures in order, without repeats inside a set, and writes them."""
    for kind in ('color', 'mask'):
        for size in sizes:
            os.makedirs(os.path.join(output, f'{kind}-{size}'), exist_ok=True)
    counts, seen, rows = collections.Counter(), set(), []
    for start in range(0, len(candidates), parts.PART_SIZE):
        path = parts.part_path(work, start // parts.PART_SIZE)
        for candidate, drawn in zip(candidates[start:], parts.read_part(path, sizes)):
            if not drawn:
                counts['dropped: blank or broken'] += 1
                continue
            digest, pictures = drawn
            if (candidate.set, digest) in seen:
                counts['dropped: repeated'] += 1
                continue
            seen.add((candidate.set, digest))
            kind = 'mask' if candidate.tier == 'mask' else 'color'
            name = f'{len(rows):06d}.png'
            for size, data in pictures.items():
                with open(os.path.join(output, f'{kind}-{size}', name), 'wb') as stream:
                    stream.write(data)
            rows.append(_row(candidate, len(rows), f'{kind}-{max(sizes)}/{name}', glosses))
            counts[candidate.split] += 1
            counts['tier: ' + candidate.tier] += 1
    return rows, counts


def _row(candidate, number, file, glosses):
    keywords = [re.sub(r'[\t\n]', ' ', str(word)).lower() for word in candidate.keywords
                if str(word).lower() != candidate.label][:10]
    return {
        'id': f'{number:06d}', 'file': file, 'split': candidate.split,
        'weight': f'{sampling_weight(candidate.tier, candidate.tone):g}', 'tier': candidate.tier,
        'set': candidate.set, 'style': candidate.style, 'label': candidate.label,
        'keywords': ', '.join(keywords), 'group': candidate.group, 'concept': candidate.concept,
        'tone': candidate.tone, 'emoji_hex': candidate.emoji_hex, 'license': candidate.license,
        'caption': f'{candidate.style}: {candidate.label}', 'gloss': glosses.define(candidate.label),
    }
