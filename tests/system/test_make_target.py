# SPDX-License-Identifier: GPL-2.0-only
"""'make target' on a QEMU of three files: the real script, patch, ninja and compiler."""
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = "qemu-10.0.99"
CONFIGURE = """#!/bin/sh
{ echo configured >>"$TEST_LOG"; } 2>/dev/null
[ ! -e "$TEST_FAIL" ] || { echo 'ERROR: no such compiler' >&2; exit 1; }
mkdir -p contrib/plugins
{
  printf 'rule make\\n  command = sh ../src/compile.sh $out\\n'
  for out in qemu-system-x86_64 contrib/plugins/libexeclog.so contrib/plugins/libhotblocks.so \\
    contrib/plugins/libhowvec.so; do echo "build $out: make"; done
} >build.ninja
"""
COMPILE = """[ ! -e "$TEST_SLOW" ] || sleep 60
echo "built $1" >>"$TEST_LOG"
cp /bin/true "$1"
"""
SOURCE = {
    "configure": CONFIGURE,
    "compile.sh": COMPILE,
    "pythondeps.toml": "pycotap = {}\n",
    "COPYING": "the licence\n",
    "patched.txt": "before\n",
    "tests/tcg/plugins/insn.c": "int counter;\n",
    "pc-bios/optionrom/Makefile": "all:\n\techo rom >kvmvapic.bin\n",
}
PATCH = """--- a/patched.txt
+++ b/patched.txt
@@ -1 +1 @@
-before
+after
"""


class Workshop:
    """A copy of tests/target with a source of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.cache = folder / "cache" / "coppice"
        self.log = folder / "steps"
        self.fail, self.slow = folder / "fail", folder / "slow"
        self.here = folder / "repo" / "tests" / "target"
        shutil.copytree(ROOT / "tests" / "target", self.here)
        shutil.rmtree(self.here / "patches")
        self.write("tests/target/patches/series", "# the only one\nonly.patch\n")
        self.write("tests/target/patches/only.patch", PATCH)
        self.write("tests/target/smoke/Makefile", "run:\n\t@test ! -e $(TEST_SMOKE_FAILS)\n")
        self.write("tools/setup-packages.sh", "#!/bin/sh\n")
        self.pack(VERSION)

    def write(self, path, text):
        """A file of the copied repository."""
        file = self.folder / "repo" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def pack(self, name):
        """The source as a tarball."""
        self.tarball = self.folder / f"{name}.tar.xz"
        with tarfile.open(self.tarball, "w:xz") as tar:
            for path, text in SOURCE.items():
                file = self.folder / "pack" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
                file.chmod(0o755)
                tar.add(file, f"{name}/{path}")

    def start(self, *arguments, **environment):
        """Start the script in a process group of its own."""
        return subprocess.Popen(
            [str(self.here / "build-target.sh"), *arguments], text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache"),
                 "QEMU_TARBALL": str(self.tarball), "TEST_LOG": str(self.log),
                 "TEST_FAIL": str(self.fail), "TEST_SLOW": str(self.slow),
                 "TEST_SMOKE_FAILS": str(self.folder / "smoke-fails"), **environment})

    def build(self, *arguments, **environment):
        """Run it to its end: (exit status, what it said)."""
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def installed(self):
        """Folders that look installed."""
        return [p.parent for p in self.cache.glob("target-*/stamp")]

    def steps(self):
        """What configure and compiler did so far."""
        return self.log.read_text().splitlines() if self.log.is_file() else []


@pytest.fixture
def workshop(tmp_path):
    """A fresh workshop."""
    return Workshop(tmp_path)


def test_it_builds_patches_verifies_and_installs(workshop):
    status, said = workshop.build()
    assert status == 0, said
    folder, = workshop.installed()
    assert (folder / "bin" / "qemu-system-x86_64").is_file()
    assert (folder / "lib" / "plugins" / "libinsn.so").is_file()
    assert (folder / "share" / "qemu" / "kvmvapic.bin").is_file()
    assert f"source=upstream-{VERSION[5:]}" in (folder / "stamp").read_text()
    assert f"ready after" in said and str(folder) in said
    assert "[4/4]" in said
    assert not list(workshop.cache.glob("*.partial*")), "the work folder must be gone"


def test_a_second_call_does_nothing_at_all_and_is_instant(workshop):
    workshop.build()
    before = workshop.steps()
    started = time.monotonic()
    status, said = workshop.build()
    assert status == 0 and "ready:" in said
    assert time.monotonic() - started < 2
    assert workshop.steps() == before


def test_print_tells_the_path_only_once_it_is_installed(workshop):
    assert workshop.build("--print") == (1, "")
    workshop.build()
    status, said = workshop.build("--print")
    assert status == 0
    assert said.strip() == str(workshop.installed()[0] / "bin" / "qemu-system-x86_64")


def test_a_failed_build_installs_nothing_names_step_and_log_and_goes_on_later(workshop):
    workshop.fail.touch()
    status, said = workshop.build()
    assert status != 0
    assert "step 'configure' failed" in said and "configure.log" in said
    assert "ERROR: no such compiler" in said
    assert workshop.installed() == []
    workshop.fail.unlink()
    status, said = workshop.build()
    assert status == 0, said
    assert "unpacking and patching" not in said, "finished steps are not repeated"


def test_an_interrupted_build_installs_nothing_and_goes_on_later(workshop):
    workshop.slow.touch()
    process = workshop.start()
    deadline = time.monotonic() + 60
    while "configured" not in workshop.steps() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=30)
    assert workshop.installed() == []
    workshop.slow.unlink()
    status, said = workshop.build()
    assert status == 0, said
    assert workshop.steps().count("configured") == 1
    assert len(workshop.installed()) == 1


def test_a_target_whose_vtx_does_not_work_is_not_installed(workshop):
    (workshop.folder / "smoke-fails").touch()
    status, said = workshop.build()
    assert status != 0
    assert "step 'verify' failed" in said and "no working VT-x" in said
    assert workshop.installed() == []


def test_a_patch_that_does_not_apply_is_named(workshop):
    workshop.write("tests/target/patches/only.patch", PATCH.replace("-before", "-other"))
    status, said = workshop.build()
    assert status != 0
    assert "step 'unpack' failed" in said and "only.patch does not apply" in said


def test_another_patch_makes_another_target(workshop):
    workshop.build()
    workshop.write("tests/target/patches/only.patch", PATCH.replace("+after", "+later"))
    workshop.build()
    assert len(workshop.installed()) == 2


def test_what_a_damaged_tarball_left_is_not_taken_for_another_ones(workshop):
    good = workshop.tarball
    damaged = good.with_name("qemu-10.0.98.tar.xz")
    damaged.write_bytes(good.read_bytes()[:100])
    status, said = workshop.build(QEMU_TARBALL=str(damaged))
    assert status != 0 and f"cannot unpack {damaged}" in said
    status, said = workshop.build()
    assert status == 0, said
    folder, = workshop.installed()
    assert f"source=upstream-{VERSION[5:]}" in (folder / "stamp").read_text()


def test_a_tarball_of_another_version_is_refused(workshop):
    workshop.pack("qemu-9.2.0")
    status, said = workshop.build()
    assert status != 0
    assert "expected a file named qemu-10.0.x.tar" in said


SOURCES = {
    "one-line": ("sources.list", "# deb http://no/ x main\n"
                 "deb [arch=amd64 signed-by=/k.gpg] http://mirror/debian bookworm main contrib\n"),
    "cdrom first": ("sources.list", "deb cdrom:[Debian]/ bookworm main\n"
                    "deb [signed-by=/k.gpg] http://mirror/debian bookworm main\n"),
    "security first": ("sources.list",
                       "deb http://mirror/debian-security bookworm-security main\n"
                       "deb [signed-by=/k.gpg] http://mirror/debian stable main\n"),
    "deb822": ("sources.list.d/debian.sources",
               "Types: deb\n# a comment\nURIs: http://mirror/debian\n"
               "Suites: bookworm bookworm-updates\nComponents: main\nSigned-By: /k.gpg\n\n"
               "Types: deb\nURIs: http://mirror/debian-security\nSuites: bookworm-security\n"
               "Components: main\nSigned-By: /other.gpg\n"),
    "disabled first": ("sources.list.d/debian.sources",
                       "Enabled: no\nTypes: deb\nURIs: http://off/debian\nSuites: bookworm\n"
                       "Components: main\n\nTypes: deb\nURIs: http://mirror/debian\n"
                       "Suites: bookworm\nComponents: main\nSigned-By: /k.gpg\n"),
}


def derive(tmp_path, name, text):
    """debian-source.py on an apt configuration of one file."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    return subprocess.run([str(ROOT / "tests" / "target" / "debian-source.py"), "trixie", "deb",
                           "deb-src", "--etc", str(tmp_path)],
                          capture_output=True, text=True, check=False)


@pytest.mark.parametrize("form", SOURCES)
def test_the_source_for_another_suite_comes_from_the_users_mirror(tmp_path, form):
    done = derive(tmp_path, *SOURCES[form])
    assert done.stdout == ("Types: deb deb-src\nURIs: http://mirror/debian\nSuites: trixie\n"
                           "Components: main\nSigned-By: /k.gpg\n")


def test_a_key_inside_the_source_is_kept(tmp_path):
    key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----"
    done = derive(tmp_path, "sources.list.d/x.sources",
                  f"Types: deb\nURIs: http://mirror/debian/\nSuites: trixie\nSigned-By:{key}\n"
                  "Components: main\n")
    assert f"Signed-By: {key}\n" in done.stdout


def test_without_a_debian_mirror_the_way_out_is_told(tmp_path):
    done = derive(tmp_path, "sources.list", "deb http://archive/ubuntu noble main\n")
    assert done.returncode != 0
    assert "no Debian mirror" in done.stderr and "QEMU_TARBALL=" in done.stderr
