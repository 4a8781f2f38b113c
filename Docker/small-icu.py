"""Makes an object file with the part of ICU's data that the command needs, to be linked in place of Foundation's 34 MB.

    swift build … $(small-icu.py OBJECT)

The command formats nothing for people of other languages, so its ICU gets tables of characters and normalisation, and of
locales only the root and English. What is looked up for another locale falls back to the root, as ICU does for any that it
doesn't have. With the options that are printed, the linker leaves out what the archive of Swift's toolchain has.
"""

import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

MEMBER = "icu_packaged_data.cpp.o"
#: Tables for code pages, and for what only some languages or typesetters need.
UNUSED = re.compile(r"(.*\.(cnv|spp|cfu|dict)|(translit|rbnf)/.*)$")
LOCALE = re.compile(r"(.*/)?(?!root|en|res_index|pool)[a-z]{2,3}(_\w+)?\.res$")


def archive():
    """Foundation's ICU of the toolchain in use."""
    toolchain = Path(shutil.which("swift")).resolve().parents[1]
    return toolchain / "lib/swift_static/linux/lib_FoundationICU.a"


def items(data):
    """Name -> content of each item of an ICU data file (CmnD, version 1)."""
    start, = struct.unpack_from("<H", data)
    count, = struct.unpack_from("<I", data, start)
    entries = [struct.unpack_from("<II", data, start + 4 + 8 * number) for number in range(count)]
    ends = [offset for _, offset in entries[1:]] + [len(data) - start]
    names = [data[start + name:data.index(b"\0", start + name)].decode() for name, _ in entries]
    return dict(zip(names, (data[start + offset:start + end] for (_, offset), end in zip(entries, ends))))


def packed(header, found):
    """A data file with these items; ICU looks them up by binary search."""
    names = [name.encode() + b"\0" for name in sorted(found)]
    place = 4 + 8 * len(names)
    toc, texts, contents = struct.pack("<I", len(names)), b"", b""
    first = place + sum(map(len, names))
    first += -first % 16
    for name, (_, content) in zip(names, sorted(found.items())):
        toc += struct.pack("<II", place + len(texts), first + len(contents))
        texts += name
        contents += content + bytes(-len(content) % 16)
    return header + (toc + texts).ljust(first, b"\0") + contents


def is_needed(name):
    """Whether an item stays; `name` begins with the package's."""
    name = name.partition("/")[2]
    return not UNUSED.match(name) and not LOCALE.match(name)


def main(target):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ar", "x", archive(), MEMBER], cwd=folder, check=True)
        symbols = subprocess.run(["nm", MEMBER], cwd=folder, check=True, capture_output=True, text=True).stdout
        original = re.search(r"\b(icudt\d+_dat)$", symbols, re.MULTILINE).group(1)
        subprocess.run(["objcopy", "-O", "binary", "--only-section=.rodata", MEMBER, "whole"], cwd=folder, check=True)
        data = (Path(folder) / "whole").read_bytes()
        header = data[:struct.unpack_from("<H", data)[0]]
        needed = {name: content for name, content in items(data).items() if is_needed(name)}
        (Path(folder) / "part").write_bytes(packed(header, needed))
        symbol = f"__wrap_{original}"
        assembly = f'.section .rodata\n.balign 16\n.global {symbol}\n{symbol}: .incbin "{folder}/part"\n'
        # No executable stack.
        assembly += '.section .note.GNU-stack,"",%progbits\n'
        subprocess.run(["clang", "-c", "-x", "assembler", "-", "-o", target], input=assembly, text=True, check=True)
    print(f"-Xlinker --wrap={original} -Xlinker {target}")


if __name__ == "__main__":
    main(sys.argv[1])
