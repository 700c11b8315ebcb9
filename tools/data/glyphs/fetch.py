"""Downloads and unpacks the pinned packages into INPUTS/{npm,apt,x}; what is there is kept."""
import base64
import hashlib
import os
import shutil
import subprocess
import tarfile

from . import packages


class FetchError(RuntimeError):
    """A package could not be installed, downloaded or verified; the message says what to do."""


class Inputs:
    """Where the unpacked packages lie."""

    def __init__(self, root):
        self.root = os.path.abspath(root)

    def npm(self, package):
        return os.path.join(self.root, 'npm', package.folder)

    def debian(self, package):
        return os.path.join(self.root, 'x', package.name)


def ensure_tools():
    """Installs the Debian packages that the build needs, or raises FetchError with the exact line."""
    missing = [name for name in packages.APT_TOOLS if not _is_installed(name)]
    if shutil.which('npm') is None:
        missing.append('npm')
    if not missing:
        return
    line = ['apt-get', 'install', '-y', '--no-install-recommends', *missing]
    if os.geteuid() != 0:
        if shutil.which('sudo') is None or subprocess.run(
                ['sudo', '-n', 'true'], stderr=subprocess.DEVNULL).returncode != 0:
            raise FetchError('missing Debian packages; please run:\n  sudo ' + ' '.join(line))
        line.insert(0, 'sudo')
    print('installing:', ' '.join(line), flush=True)
    if subprocess.run(line).returncode != 0:
        raise FetchError('apt-get failed; please run by hand:\n  ' + ' '.join(line))


def _is_installed(name):
    result = subprocess.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', name],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return result.stdout == b'installed'


def fetch_all(root):
    """Makes every pinned package available below root and returns its Inputs."""
    inputs = Inputs(root)
    for name in ('npm', 'apt', 'x'):
        os.makedirs(os.path.join(inputs.root, name), exist_ok=True)
    for package in packages.NPM_PACKAGES:
        _provide_npm(inputs, package)
    for package in packages.DEBIAN_PACKAGES:
        _provide_debian(inputs, package)
    return inputs


def _digest(path, algorithm):
    state = hashlib.new(algorithm)
    with open(path, 'rb') as stream:
        for block in iter(lambda: stream.read(1 << 20), b''):
            state.update(block)
    return state.digest()


def _provide_npm(inputs, package):
    folder = inputs.npm(package)
    if os.path.isdir(folder):
        return
    archive = folder + '.tgz'
    if not os.path.exists(archive):
        specification = f'{package.name}@{package.version}'
        print('downloading', specification, flush=True)
        part = os.path.join(inputs.root, 'npm', f'.download-{package.folder}')
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
        run = subprocess.run(['npm', 'pack', specification, '--silent'], cwd=part,
                             stdout=subprocess.DEVNULL)
        files = os.listdir(part)
        if run.returncode != 0 or len(files) != 1:
            raise FetchError(f'npm pack {specification} failed; is the npm registry reachable?')
        os.replace(os.path.join(part, files[0]), archive)
        os.rmdir(part)
    got = base64.b64encode(_digest(archive, 'sha512')).decode()
    if got != package.integrity:
        raise FetchError(f'{archive}: expected sha512 {package.integrity}, got {got}; '
                         'delete the file and run again')
    part = folder + '.part'
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(archive, 'r:gz') as tar:
        for member in tar:
            path = member.name.split('/', 1)[-1]
            if not member.isfile() or (package.wanted and not path.startswith(package.wanted)):
                continue
            target = os.path.normpath(os.path.join(part, path))
            if not target.startswith(part + os.sep):
                raise FetchError(f'{archive}: member {member.name} leaves the folder')
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, 'wb') as stream:
                shutil.copyfileobj(tar.extractfile(member), stream)
    os.replace(part, folder)


def _provide_debian(inputs, package):
    folder = inputs.debian(package)
    if os.path.isdir(folder):
        return
    archive = os.path.join(inputs.root, 'apt', package.archive)
    if not os.path.exists(archive):
        print('downloading', package.name, package.version, flush=True)
        part = os.path.join(inputs.root, 'apt', f'.download-{package.name}')
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
        run = subprocess.run(['apt-get', 'download', f'{package.name}={package.version}'], cwd=part)
        files = os.listdir(part)
        if run.returncode != 0 or len(files) != 1:
            raise FetchError(
                f'apt-get download {package.name}={package.version} failed. Run apt-get update; where '
                f'the archive has another version (the pins are Debian 12), put {package.archive} from '
                f'a Debian mirror into {os.path.dirname(archive)} and run again')
        os.replace(os.path.join(part, files[0]), archive)
        os.rmdir(part)
    got = _digest(archive, 'sha256').hex()
    if got != package.sha256:
        raise FetchError(f'{archive}: expected sha256 {package.sha256}, got {got}; '
                         'delete the file and run again')
    part = folder + '.part'
    shutil.rmtree(part, ignore_errors=True)
    subprocess.run(['dpkg-deb', '-x', archive, part], check=True)
    os.replace(part, folder)
