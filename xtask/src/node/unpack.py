"""Unpacks a package of the npm registry: `unpack.py ARCHIVE FOLDER START…`.

Only files whose name starts with one of START; the empty one takes all. Every path in such a package begins with
a folder `package`, which is left out.
"""

import pathlib
import sys
import tarfile

archive, folder, starts = sys.argv[1], pathlib.Path(sys.argv[2]), tuple(sys.argv[3:])
with tarfile.open(archive, "r:gz") as package:
    for entry in package:
        inside = pathlib.PurePosixPath(entry.name)
        if not entry.isfile() or inside.is_absolute() or ".." in inside.parts:
            continue
        if inside.parts[0] == "package" and inside.name.startswith(starts):
            place = folder.joinpath(*inside.parts[1:])
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(package.extractfile(entry).read())
