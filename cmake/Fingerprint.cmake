# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# cmake -DOUT=header -DNAME=macro "-DFILES=a;b" -P Fingerprint.cmake: defines the macro as a hash of the files' contents.
set(all "")
foreach(file IN LISTS FILES)
  file(SHA256 ${file} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 hash "${all}")
file(WRITE ${OUT} "// A hash of the sources; see cmake/Fingerprint.cmake.\n#define ${NAME} \"${hash}\"\n")
