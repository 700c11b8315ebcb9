"""WordNet's first noun sense of a label, as a short definition."""
import re

from . import packages


class Glosses:
    def __init__(self, inputs):
        folder = inputs.debian(packages.WORDNET) + '/usr/share/wordnet'
        definitions = {}
        with open(f'{folder}/data.noun', encoding='latin1') as stream:
            for line in stream:
                if not line.startswith('  '):
                    definition = line.split(' | ', 1)[1].strip().split('; "')[0]
                    definitions[line[:8]] = definition
        self._by_word = {}
        with open(f'{folder}/index.noun', encoding='latin1') as stream:
            for line in stream:
                if not line.startswith('  '):
                    cells = line.split()
                    first_sense = cells[-int(cells[2])]
                    self._by_word[cells[0].replace('_', ' ')] = definitions[first_sense]

    def define(self, label):
        """The definition of a label, or ''; 'goat face' is looked up as 'goat' where need be."""
        return self._by_word.get(label) or self._by_word.get(re.sub(r' face$', '', label)) or ''
