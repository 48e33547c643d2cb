"""What make sets up: venvs and prefixes, and one line where that fails (tools/install.py)."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest
from pace import LIMIT

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools"
# No package index answers there; nothing of the machine's own configuration is asked instead.
OFFLINE = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_NO_INPUT": "1",
    "PIP_RETRIES": "1",
    "no_proxy": "*",
}
# pip finds the dependencies, and what builds the wheel, where those of the tests are.
FROM_HERE = {
    "PIP_NO_BUILD_ISOLATION": "0",  # which is how pip spells yes
    "PIP_NO_INDEX": "1",
    "PYTHONPATH": sysconfig.get_path("purelib"),
}
UNREACHABLE = (
    "tuxscope: PyPI cannot be reached (Connection refused), and the first run downloads from it; "
    "check the network, or set https_proxy or PIP_INDEX_URL\n"
)
needs_ensurepip = pytest.mark.skipif(
    importlib.util.find_spec("ensurepip") is None, reason="this Python has no ensurepip"
)
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="there is no make")


def environment() -> ModuleType:
    """tools/environment.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("environment", TOOLS / "environment.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return subprocess.run(
        command, cwd=ROOT, env=clean | variables, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=2 * LIMIT, check=False,
    )  # fmt: skip


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    """Ask for a package that nobody has."""
    return run(sys.executable, "-B", TOOLS / "install.py", "venv", folder, "tuxscope-x", **OFFLINE)


def make(target: str, prefix: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    words = (f"PREFIX={prefix}", f"PYTHON={sys.executable}", "SUDO=")
    return run("make", "--silent", target, *words, **variables)


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@needs_ensurepip
def test_a_venv_without_network_is_one_line(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    done = set_up(venv)
    assert (done.returncode, done.stderr) == (1, UNREACHABLE)
    python = next(venv.glob("lib/python*"))
    vendored = python / "site-packages" / "pip" / "_vendor" / "certifi"
    mark = venv / "kept"
    mark.touch()
    assert set_up(venv).stderr == UNREACHABLE
    assert mark.exists(), "a whole venv was made anew"
    shutil.rmtree(vendored)
    assert set_up(venv).stderr == UNREACHABLE
    assert vendored.exists(), "half of a venv was taken for a whole one"
    assert not mark.exists()


@needs_ensurepip
@needs_make
def test_uninstall_leaves_what_was_there_before_install(tmp_path: Path) -> None:
    prefix = tmp_path / "a b" / "it's"
    prefix.parent.mkdir()
    for _ in range(2):  # the second finds the first one's directories there
        done = make("install", prefix, **FROM_HERE)
        assert (done.returncode, done.stderr) == (0, "")
    shown = run(prefix / "bin" / "tuxscope", "--version", PYTHONPATH=FROM_HERE["PYTHONPATH"])
    assert shown.stdout.startswith("tuxscope ")
    for _ in range(2):  # the second finds nothing
        assert make("uninstall", prefix).returncode == 0
        assert tree(tmp_path) == {"a b"}


@needs_ensurepip
@needs_make
def test_what_others_put_there_stays(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    (prefix / "lib").mkdir(parents=True)
    assert make("install", prefix, **FROM_HERE).returncode == 0
    assert tree(prefix) > {"lib/tuxscope", "bin/tuxscope"}
    (prefix / "bin" / "another").touch()
    (prefix / "bin" / "tuxscope").unlink()
    (prefix / "bin" / "tuxscope").write_text("somebody's own")
    refused = make("install", prefix)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"tuxscope: {prefix}/bin/tuxscope is there already, and not")
    assert make("uninstall", prefix).returncode == 0
    assert tree(prefix) == {"lib", "bin", "bin/another", "bin/tuxscope"}


@needs_ensurepip
@needs_make
def test_an_install_that_fails_changes_nothing(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    former = prefix / "lib" / "tuxscope"
    former.mkdir(parents=True)
    (former / "pyvenv.cfg").touch()
    before = tree(tmp_path)
    failed = make("install", prefix, **OFFLINE)
    assert failed.returncode == 2
    assert failed.stderr.startswith(UNREACHABLE)
    assert tree(tmp_path) == before  # no bin, and the former library


def test_a_python_that_is_too_old_is_one_line() -> None:
    tool = str(TOOLS / "install.py")
    old = f"import sys, runpy; sys.version_info = (3, 9, 1); runpy.run_path({tool!r})"
    done = run(sys.executable, "-B", "-c", old)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"tuxscope: Python 3.11 or later is needed, and {sys.executable} is 3.9; "
        "try: make PYTHON=python3.13\n"
    )
    ast.parse((TOOLS / "install.py").read_text(), feature_version=(3, 7))


def test_a_python_without_ensurepip_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = environment()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(module.SetupError, match=r"try: apt install python3-venv$"):
        module.create(tmp_path / "venv")


RETRYING = "WARNING: Retrying (Retry(total=1, connect=None)) after connection broken by "
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement x>=1 (from versions: none)
ERROR: No matching distribution found for x>=1
"""


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (
            f"""  error: subprocess-exited-with-error
  ╰─> [7 lines of output]
      {RETRYING}'NewConnectionError('<C object at 0x7f>: Failed to establish a new connection: \
[Errno -3] Temporary failure in name resolution')': /simple/x/
      {NOT_FOUND}""",
            "PyPI cannot be reached (Temporary failure in name resolution), and",
        ),
        (
            f"{RETRYING}'NameResolutionError(\"<C object>: Failed to resolve 'index.example' "
            f"([Errno -2] Name or service not known)\")': /simple/x/\n{NOT_FOUND}",
            "PyPI cannot be reached (Name or service not known), and",
        ),
        (
            f"{RETRYING}'ConnectTimeoutError(<C object>, 'Connection to index.example timed out. "
            f"(connect timeout=15)')': /simple/x/\n{NOT_FOUND}",
            "PyPI cannot be reached (timed out), and",
        ),
        (
            f"{RETRYING}'ProxyError('Cannot connect to proxy.', OSError('x'))': /x/\n{NOT_FOUND}",
            "PyPI cannot be reached (Cannot connect to proxy), and",
        ),
        (
            "Could not fetch URL https://index.example/simple/x/: There was a problem confirming "
            "the ssl certificate: HTTPSConnectionPool(host='index.example', port=443): Max retries "
            "exceeded with url: /simple/x/ (Caused by SSLError(SSLCertVerificationError(1, '[SSL: "
            "CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate'))) - "
            f"skipping\n{NOT_FOUND}",
            "PyPI cannot be reached (certificate verify failed), and",
        ),
        (
            f"{RETRYING}'ReadTimeoutError(\"Read timed out.\")': /simple/x/\n"
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on "
            "device\n",
            "it failed: Could not install packages due to an OSError: [Errno 28] No space left",
        ),
        (
            f"{RETRYING}'ReadTimeoutError(\"Read timed out.\")': /simple/x/\n"
            "ERROR: Could not find a version that satisfies the requirement x>=9 (from versions: "
            "0.1, 0.2)\nERROR: No matching distribution found for x>=9\n",
            "it failed: Could not find a version that satisfies the requirement x>=9 (from",
        ),
        (NOT_FOUND, "it failed: Could not find a version that satisfies the requirement x>=1"),
        (
            "ERROR: Exception:\nTraceback (most recent call last):\n"
            "FileNotFoundError: [Errno 2] No such file\n"
            "subprocess.CalledProcessError: Command '['x']' returned 1\n",
            "it failed: FileNotFoundError: [Errno 2] No such file; to see more: pip 'a b'",
        ),
        ("", "it failed: it says nothing; to see more: pip 'a b'"),
    ],
)  # fmt: skip
def test_why_pip_failed(output: str, says: str) -> None:
    described = environment().described(output, "it failed", ["pip", Path("a b")])
    assert described.startswith(says)
    assert "\n" not in described


PIPS_SCRIPT = r"""#!/a b/bin/python
# -*- coding: utf-8 -*-
import re
import sys
from tuxscope.entry import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\.pyw|\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""


def test_the_console_script_does_without_re() -> None:
    without_re = environment().without_re
    changed = without_re(PIPS_SCRIPT)
    lines = [line for line in PIPS_SCRIPT.splitlines() if "re.sub" not in line]
    assert changed.splitlines() == [line for line in lines if line != "import re"]
    compile(changed, "tuxscope", "exec")
    assert without_re(changed) == changed
    other = "#!/bin/sh\nimport re\n"
    assert without_re(other) == other
