// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The cache holds code that this process runs: a folder or an entry that somebody else may have made or may change is not
// read (docs/security.md), and the program runs all the same. The remark says why.
//
// RUN: rm -rf %t && mkdir %t
// RUN: env WEFT_CACHE_DIR=%t/new/cache weft-run %s --input=2xf32=1,2 | FileCheck %s --check-prefix=RUNS
// RUN: sh %S/Inputs/modes.sh %t/new/cache | FileCheck %s --check-prefix=MODES
// RUNS: 2xf32=-1,-2
// MODES: drwx------
// MODES-COUNT-2: -rw-------
//
// The second run finds both entries again, and says nothing.
// RUN: env WEFT_CACHE_DIR=%t/new/cache weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=SILENT
// SILENT-NOT: remark: cache
//
// Processes that begin with no folder at one time all make it, and each finds what it looks for or makes it itself.
// RUN: sh -c 'for i in 1 2 3 4; do env WEFT_CACHE_DIR=%t/at/once weft-run %s --input=2xf32=1,2 & done; wait' | FileCheck %s --check-prefix=ONCE
// ONCE-COUNT-4: 2xf32=-1,-2
// RUN: ls %t/at/once | count 2
//
// A folder that others may write.
// RUN: mkdir %t/open && chmod 777 %t/open
// RUN: env WEFT_CACHE_DIR=%t/open weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=OPEN
// OPEN: remark: cache: missed: {{.*}}open may be written by other users (chmod go-w): code is compiled anew
// OPEN: 2xf32=-1,-2
// RUN: sh %S/Inputs/modes.sh %t/open | FileCheck %s --check-prefix=NONE
// NONE-NOT: weft-o
// RUN: chmod 770 %t/open
// RUN: env WEFT_CACHE_DIR=%t/open weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=OPEN
//
// A link in its place, with and without a slash behind it; a link on the way is the user's own affair.
// RUN: ln -s %t/new/cache %t/link && ln -s %t/new %t/way
// RUN: env WEFT_CACHE_DIR=%t/link weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=LINK
// RUN: env WEFT_CACHE_DIR=%t/link/ weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=LINK
// RUN: env WEFT_CACHE_DIR=%t/link/./ weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=LINK
// LINK: remark: cache: missed: {{.*}}link is a symbolic link: code is compiled anew
// LINK: 2xf32=-1,-2
// RUN: env WEFT_CACHE_DIR=%t/way/cache weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=SILENT
//
// A path that means another folder wherever the program starts, and one that is no folder.
// RUN: cd %t && env WEFT_CACHE_DIR=here weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=RELATIVE
// RELATIVE: remark: cache: missed: WEFT_CACHE_DIR=here is no absolute path: code is compiled anew
// RELATIVE: 2xf32=-1,-2
// RUN: test ! -e %t/here
// RUN: env WEFT_CACHE_DIR= XDG_CACHE_HOME=there weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=XDG
// XDG: remark: cache: missed: XDG_CACHE_HOME=there is no absolute path
// RUN: touch %t/file && env WEFT_CACHE_DIR=%t/file weft-run %s --input=2xf32=1,2 --remarks 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: remark: cache: missed: {{.*}}file is no folder
// FILE: 2xf32=-1,-2
//
// Entries: others may write them, links, pipes (which must not be waited for), folders. None is read.
// RUN: sh %S/Inputs/entries.sh %t/new/cache 'chmod 666' && env WEFT_CACHE_DIR=%t/new/cache weft-run %s --input=2xf32=1,2 | FileCheck %s --check-prefix=RUNS
// RUN: sh %S/Inputs/modes.sh %t/new/cache | FileCheck %s --check-prefix=MODES
// RUN: sh %S/Inputs/entries.sh %t/new/cache other && env WEFT_CACHE_DIR=%t/new/cache weft-run %s --input=2xf32=1,2 | FileCheck %s --check-prefix=RUNS
// RUN: sh %S/Inputs/modes.sh %t/new/cache | FileCheck %s --check-prefix=MODES
// RUN: sh %S/Inputs/entries.sh %t/new/cache link && env WEFT_CACHE_DIR=%t/new/cache weft-run %s --input=2xf32=1,2 | FileCheck %s --check-prefix=RUNS
// RUN: sh %S/Inputs/modes.sh %t/new/cache | FileCheck %s --check-prefix=MODES
// RUN: sh %S/Inputs/entries.sh %t/new/cache pipe && env WEFT_CACHE_DIR=%t/new/cache weft-run %s --input=2xf32=1,2 | FileCheck %s --check-prefix=RUNS
// RUN: sh %S/Inputs/modes.sh %t/new/cache | FileCheck %s --check-prefix=MODES
//
// What a process that died has left goes with the next entry; what somebody writes now stays.
// RUN: touch -d '2 days ago' %t/new/cache/DEAD.tmp && touch %t/new/cache/LIVE.tmp && ln -s /nowhere %t/new/cache/LINK.tmp
// RUN: env WEFT_CACHE_DIR=%t/new/cache weft-run %s --input=2xf32=1,2 --opt=0
// RUN: ls %t/new/cache | FileCheck %s --check-prefix=LEFT
// LEFT-NOT: DEAD
// LEFT: LIVE.tmp

func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = weft.neg %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
