"""captions.tsv and other plain tables: tab separated, one header line, no quoting, UTF-8."""
import os

COLUMNS = ['id', 'file', 'split', 'weight', 'tier', 'set', 'style', 'label', 'keywords', 'group',
           'concept', 'tone', 'emoji_hex', 'license', 'caption', 'gloss']


def read_table(path):
    """Returns the rows of a table as dictionaries, in file order; raises ValueError on a ragged row."""
    with open(path, encoding='utf-8', newline='\n') as stream:
        header = stream.readline().rstrip('\n').split('\t')
        rows = []
        for number, line in enumerate(stream, start=2):
            cells = line.rstrip('\n').split('\t')
            if len(cells) != len(header):
                raise ValueError(f'{path}:{number}: expected {len(header)} columns, got {len(cells)}')
            rows.append(dict(zip(header, cells)))
    return rows


def write_table(path, columns, rows):
    """Writes rows atomically; a tab or a line break inside a cell is an error."""
    lines = ['\t'.join(columns)]
    for row in rows:
        cells = [str(row[name]) for name in columns]
        for name, cell in zip(columns, cells):
            if '\t' in cell or '\n' in cell:
                raise ValueError(f'{path}: tab or line break in column {name}: {cell!r}')
        lines.append('\t'.join(cells))
    write_atomically(path, ('\n'.join(lines) + '\n').encode('utf-8'))


def write_atomically(path, data):
    """Writes bytes to a temporary name in the same folder, syncs, renames."""
    temporary = f'{path}.part-{os.getpid()}'
    try:
        with open(temporary, 'wb') as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
