"""What is downloaded, pinned: exact versions with the digests of the archives."""
from dataclasses import dataclass

APT_TOOLS = ['gir1.2-rsvg-2.0', 'python3-gi', 'python3-gi-cairo', 'python3-cairo', 'python3-numpy',
             'python3-pil', 'python3-opencv', 'python3-lxml']


@dataclass(frozen=True)
class NpmPackage:
    """A package of the npm registry; integrity is the registry's own sha512 in base64.

    wanted names the members to unpack (path prefixes below package/); empty means all of them.
    """
    name: str
    version: str
    integrity: str
    wanted: tuple = ()

    @property
    def folder(self):
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}"


@dataclass(frozen=True)
class DebianPackage:
    """A binary package of the Debian archive, only unpacked, never installed."""
    name: str
    version: str
    sha256: str

    @property
    def archive(self):
        return f"{self.name}_{self.version.replace(':', '%3a')}_all.deb"


ICONIFY = NpmPackage(
    '@iconify/json', '2.2.535',
    'nAV60ACUSHwnsb6fsp+letHlNkrwO4vzBtcC6B4EDHErQQfezk7E3nJdnwJjve6OCfMNO0uVT5Vrgna9/NCmXw==',
    ('collections.json', 'json/'))
FLUENT_3D = NpmPackage(
    '@lobehub/fluent-emoji-3d', '1.1.0',
    'Wlq2lVStTnr8BDpIJ0pEnTKO4LuDxxqTEhTvRtD1DLRF0me7ogeRQjKoehDHXuVJ2Qaecgl5wRBv60lUAG3h7g==')
EMOJIBASE = NpmPackage(
    'emojibase-data', '17.0.0',
    'Yvgb5AWoHViHV/gq1qr5ZAarcBip+B27/ZLRsUJkbgAEaLlZ/fof9g882LTpmEpyhBNEC0m2SEmItljHsTygjA==')
MDI = NpmPackage(
    '@mdi/svg', '7.4.47',
    'WQ2gDll12T9WD34fdRFgQVgO8bag3gavrAgJ0frN4phlwdJARpE6gO1YvLEMJR0KKgoc+/Ea/A0Pp11I00xBvw==',
    ('meta.json', 'LICENSE'))
LUCIDE = NpmPackage(
    'lucide-static', '1.62.0',
    'WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==',
    ('tags.json', 'LICENSE'))
TABLER = NpmPackage(
    '@tabler/icons', '3.51.0',
    '0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==',
    ('icons.json', 'LICENSE'))
FONT_AWESOME = NpmPackage(
    '@fortawesome/fontawesome-free', '7.3.1',
    'wmglKKPDIkgV3aWlZzWECCPoGIkYCulzBwxG9+w7rc5BGapZ6cPMpoPOT8k36J0Ni7PPX6c/rsoMWfS4d1MUMg==',
    ('metadata/icons.yml', 'LICENSE.txt'))
NPM_PACKAGES = [ICONIFY, FLUENT_3D, EMOJIBASE, MDI, LUCIDE, TABLER, FONT_AWESOME]

OPENCLIPART = DebianPackage(
    'openclipart-svg', '1:0.18+dfsg-19',
    '989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5')
SWEETHOME3D = DebianPackage(
    'sweethome3d-furniture', '1.8-1',
    '3ccb90c63f9525e887a767b9cd5c8b6933b8b6b2973a615a5359ee68a2118668')
WORDNET = DebianPackage(
    'wordnet-base', '1:3.0-37',
    '61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752')
DEBIAN_PACKAGES = [OPENCLIPART, SWEETHOME3D, WORDNET]
