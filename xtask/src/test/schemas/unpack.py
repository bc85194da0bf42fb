"""Unpacks the files below one folder of the only wheel in a place: unpack.py PLACE FOLDER INTO."""

import pathlib
import sys
import zipfile

place, folder, into = sys.argv[1:]
(wheel,) = pathlib.Path(place).glob("*.whl")
target = pathlib.Path(into)
target.mkdir()
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        below = name.removeprefix(folder)
        if name.startswith(folder) and below.endswith(".json") and "/" not in below:
            (target / below).write_bytes(archive.read(name))
