"""From an icon's file name to words, and which icons are left out."""
import re

# Trademarks teach nothing and are not ours to draw.
_BRANDS = '''
logo logos brand google facebook twitter github gitlab android apple-logo appstore app-store windows
microsoft linux docker youtube instagram tiktok whatsapp telegram paypal visa mastercard amazon aws slack
skype snapchat spotify netflix reddit pinterest linkedin wechat qq alipay baidu bitcoin ethereum dogecoin
bluetooth chrome safari firefox opera edge adobe figma sketch-app dribbble behance medium-app tumblr vimeo
twitch discord steam xbox playstation nintendo php python java javascript css3 html5 react angular vue
nodejs npm wordpress drupal joomla dropbox evernote trello zoom-app airbnb uber lyft ebay etsy shopify
stripe openai chatgpt huawei xiaomi samsung tesla bilibili weibo codepen kickstarter messenger deepseek
meta- ubuntu debian fedora centos svelte kotlin swift rust golang typescript wikipedia iphone ipad ipod
imac macbook airpods earpods mario luigi pikachu pokemon pokecog r2d2 yoda darth vader batman superman
spiderman starbucks mcdonalds nike adidas lego hatchi tamagotchi vespa toyota bmw audi mercedes volkswagen
creative-commons litecoin ripple monero
'''.split()
_BRAND = re.compile('(^|-)(' + '|'.join(_BRANDS) + ')(-|$)')

# Endings that say how an icon is drawn, not what it shows.
_STYLE_ENDINGS = {
    'fluent-color': r'-(16|20|24|28|32|48)$',
    'flag': r'-(4x3)$',
    'streamline-color': r'-flat$',
    'streamline-plump-color': r'-flat$',
    'streamline-flex-color': r'-flat$',
    'streamline-sharp-color': r'-flat$',
    'meteocons': r'-fill$',
    'healthicons': r'-outline$',
    'solar': r'-bold-duotone$',
    'tabler': r'-filled$',
    'ph': r'-(fill|duotone)$',
    'mdi': r'-(outline|variant)$',
    'streamline-cyber-color': r'-?\d+$',
    'streamline-kameleon-color': r'-duo$',
    'streamline-stickies-color': r'-duo$',
}
_VARIANT = re.compile(r'-(\d+|one|two|three|four|alt|alternate|variant)$')
_NUMBER_MATTERS = re.compile(r'number|numeric|digit|dice|keycap|level|battery')

_KEPT = {
    'flag': lambda name: name.endswith('-4x3'),
    'ph': lambda name: not re.search(r'-(thin|light|bold)$', name),
    'healthicons': lambda name: not re.search(r'(24px|negative)', name),
    'pinhead': lambda name: not re.search(r'(in-circle|-outline$)', name),
    'solar': lambda name: name.endswith('-bold-duotone'),
    'game-icons': lambda name: not name.startswith('abstract-'),
    'tabler': lambda name: not name.startswith('brand-'),
}


def is_kept(prefix, name):
    """False for logos and for variants of an icon that differ only in weight or frame."""
    return not _BRAND.search(name) and _KEPT.get(prefix, lambda _: True)(name)


def without_style_ending(prefix, name):
    return re.sub(_STYLE_ENDINGS[prefix], '', name) if prefix in _STYLE_ENDINGS else name


def words(prefix, name):
    """The label an icon's name stands for: 'alarm-clock-2' -> 'alarm clock'."""
    name = without_style_ending(prefix, name)
    if prefix != 'fa7-solid' and not _NUMBER_MATTERS.search(name):
        name = _VARIANT.sub('', name)
    return ' '.join(name.replace('-', ' ').replace('_', ' ').split())


def style_of(icon_set, name):
    """The set's style phrase, refined by the name's ending where a set holds several styles."""
    prefix, style = icon_set.prefix, icon_set.style
    if prefix == 'ph':
        kind = 'fill' if name.endswith('-fill') else 'duotone' if name.endswith('-duotone') else 'outline'
        return f'phosphor {kind} icon'
    if prefix == 'tabler' and name.endswith('-filled'):
        return 'filled icon'
    if prefix == 'mdi' and 'outline' in name:
        return 'outline icon'
    if prefix == 'healthicons' and name.endswith('-outline'):
        return 'health outline icon'
    if prefix == 'meteocons' and name.endswith('-fill'):
        return 'filled weather icon'
    flat = ('streamline-color', 'streamline-plump-color', 'streamline-flex-color',
            'streamline-sharp-color')
    if prefix in flat and name.endswith('-flat'):
        return style.replace(' icon', ' flat icon')
    return style


def largest_sizes(names):
    """Of names that end in a pixel size ('alert-16', 'alert-24') only the largest of each."""
    best = {}
    for name in names:
        match = re.match(r'(.*)-(\d+)$', name)
        key, size = (match.group(1), int(match.group(2))) if match else (name, 0)
        if size >= best.get(key, (-1, ''))[0]:
            best[key] = (size, name)
    return [name for _, name in best.values()]
