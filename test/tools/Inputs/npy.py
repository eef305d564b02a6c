# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# npy.py FOLDER: .npy files as other programs write them, and broken ones.
import os
import struct
import sys

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)


def write(name, header, data=b"", major=1, pad=True, length=None):
    text = header.encode()
    fixed = 8 + (2 if major == 1 else 4)
    if pad:
        text += b" " * (63 - (fixed + len(text)) % 64) + b"\n"
    size = len(text) if length is None else length
    with open(os.path.join(folder, name), "wb") as out:
        out.write(b"\x93NUMPY" + bytes([major, 0]) + struct.pack("<H" if major == 1 else "<I", size) + text + data)


def header(descr="'<f4'", order="False", shape="(2, 3)"):
    return "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)


six = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
write("good.npy", header(), six)
write("version2.npy", header(), six, major=2)
write("version3.npy", header(), six, major=3)
write("tight.npy", "{'shape':(2,3),'fortran_order':False,'descr':'<f4'}", six, pad=False)  # any order of keys
write("scalar.npy", header(shape="()"), six[:4])
write("vector.npy", header(shape="(6,)"), six)
write("empty.npy", header(shape="(2, 0)"))
write("empty_first.npy", header(shape="(0, 2)"))
write("empty_huge.npy", header(shape="(9223372036854775807, 9223372036854775807, 0)"))
# Broken ones: cut off, larger than the file or than 64 bits, negative, of other kinds.
write("cut.npy", header(), six[:20])
write("more.npy", header(), six + b"\0")
write("huge.npy", header(shape="(4294967296, 4294967296)"), six)
write("wraps.npy", header(shape="(4611686018427387904, 4, 6)"), six)
write("large.npy", header(shape="(1099511627776,)"), six)
write("negative.npy", header(shape="(-2, -3)"), six)
write("word.npy", header(shape="(2, x)"), six)
write("open.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", six)
write("no_shape.npy", "{'descr': '<f4', 'fortran_order': False, }", six)
write("no_descr.npy", "{'fortran_order': False, 'shape': (2, 3), }", six)
write("no_colon.npy", "{'descr' '<f4', 'fortran_order': False, 'shape': (2, 3), }", six)
write("nothing.npy", "", six, pad=False)
write("fields.npy", header(descr="[('a', '<f4')]"), six)
write("big_endian.npy", header(descr="'>f4'"), six)
write("object.npy", header(descr="'|O'"), six)
write("fortran.npy", header(order="True"), six)
write("long_header.npy", header(), six, major=2, length=0xFFFFFFFF)
write("version9.npy", header(), six, major=9)
for name, content in [("magic.npy", b"\x93NUMPY"), ("magic1.npy", b"\x93NUMPY\x01"), ("length.npy", b"\x93NUMPY\x02\x00\x10"), ("void.npy", b"")]:
    with open(os.path.join(folder, name), "wb") as out:
        out.write(content)
