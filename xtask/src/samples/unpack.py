"""Copies the DICOM files of a pydicom wheel into a folder: `unpack.py WHEEL FOLDER`.

A DICOM file is one with `DICM` after its preamble of 128 bytes, or one named .dcm (some of
pydicom's files have no preamble on purpose).
"""

import pathlib
import sys
import zipfile

wheel, folder = sys.argv[1], pathlib.Path(sys.argv[2])
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        inside = pathlib.PurePosixPath(entry.filename)
        if entry.is_dir() or inside.parts[:2] != ("pydicom", "data") or ".." in inside.parts:
            continue
        content = archive.read(entry)
        if content[128:132] == b"DICM" or inside.suffix == ".dcm":
            place = folder.joinpath(*inside.parts[2:])
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
