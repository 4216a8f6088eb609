"""Run clang-tidy over the project's sources, and remember what was clean.

    scripts/tidy.py ROOT PRESET

What is checked are the build's own units, several sources in each (CMAKE_UNITY_BUILD), so that the
headers of others are read once for all of them. A unit is checked again only when one of its
sources, a header they include, or .clang-tidy changed: the key of its verdict is a hash over the
contents of all of them, as the build's own dependency log names them.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

OURS = "/(src|tests)/"  # a unit's sources are headers to clang-tidy
# Targets of the folders whose own .clang-tidy has the analyzer on; a unit is in none of them.
ANALYZED = re.compile(r"\b(holdfast_(domain|codec)|(domain|codec)_test)\.dir/")
CLANG_TIDY = "clang-tidy-16"  # the first that reads libstdc++ 12's C++20 headers
# The compile commands are GCC's: its precompiled headers and its own options are errors for Clang.
ONLY_GCC = re.compile(r' -fcoroutines\b| -fno-fat-lto-objects\b| -fpch-preprocess\b'
                      r'| -Winvalid-pch\b| -include ("[^"]*cmake_pch\.hxx"|\S*cmake_pch\.hxx)')
OUTPUT = re.compile(r" -o (\S+)")


def dependencies(build):
    """Object file -> files it was made from, from ninja's log of the last build."""
    log = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True,
                         check=True).stdout
    found = {}
    for block in log.split("\n\n"):
        lines = block.strip().splitlines()
        if lines and ": #deps" in lines[0]:
            found[lines[0].split(": #deps")[0]] = [line.strip() for line in lines[1:]]
    return found


class Contents:
    """Hashes of files, each read once."""

    def __init__(self):
        self.known_ = {}

    def hash(self, path):
        if path not in self.known_:
            try:
                data = pathlib.Path(path).read_bytes()
            except OSError:
                data = b"missing"
            self.known_[path] = hashlib.sha256(data).digest()
        return self.known_[path]


def key_of(entry, files, settings, contents):
    digest = hashlib.sha256(settings + entry["command"].encode())
    for path in sorted(set(files)):
        digest.update(path.encode() + contents.hash(path))
    return digest.hexdigest()


def check(source, folder):
    command = [CLANG_TIDY, "-p", str(folder), "--quiet", f"--header-filter={OURS}",
               "--extra-arg=-Wno-unknown-warning-option", source]
    if ANALYZED.search(source):
        command.insert(1, "--checks=clang-analyzer-core.*,clang-analyzer-cplusplus.*")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip() or (done.stderr.strip() if done.returncode else "")


def main(root, preset):
    root = pathlib.Path(root).resolve()
    build = root / "build" / preset
    folder = root / "build" / "tidy"
    verdicts = folder / "clean"
    verdicts.mkdir(parents=True, exist_ok=True)

    entries = [entry for entry in json.loads((build / "compile_commands.json").read_text())
               if "cmake_pch" not in entry["file"]]
    for entry in entries:
        entry["command"] = ONLY_GCC.sub("", entry["command"])
    (folder / "compile_commands.json").write_text(json.dumps(entries, indent=1))

    depends = dependencies(str(build))
    contents = Contents()
    configured = [root / ".clang-tidy", *sorted(root.glob("src/**/.clang-tidy"))]
    settings = b"".join(contents.hash(str(path)) for path in configured)
    todo = {}
    for entry in entries:
        files = [entry["file"]]
        for path in depends[OUTPUT.search(entry["command"]).group(1)]:
            full = os.path.normpath(os.path.join(entry["directory"], path))
            if full.startswith(str(root)):
                files.append(full)
        key = key_of(entry, files, settings, contents)
        if not (verdicts / key).exists():
            todo[entry["file"]] = key

    dirty = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {pool.submit(check, source, folder): source for source in todo}
        for count, future in enumerate(concurrent.futures.as_completed(futures), 1):
            source = futures[future]
            code, text = future.result()
            name = os.path.relpath(source, root)
            if code == 0 and not text:
                (verdicts / todo[source]).touch()
            else:
                dirty += 1
                print(text)
            print(f"[{count}/{len(todo)}] {name}", flush=True)
    print(f"clang-tidy: {len(entries)} units, {len(todo)} checked, {dirty} with findings")
    return 1 if dirty else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
