// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See BuildId.h.
#include "codegen/BuildId.h"
#include <cstring>
#include <elf.h>
#include <link.h>

namespace {
struct Search {
  uintptr_t address;
  std::string id;
};

/// Notes are a header, a name and a description, each padded to four bytes.
std::string idAmong(const char *notes, size_t size) {
  auto padded = [](size_t n) { return (n + 3) / 4 * 4; };
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes, sizeof note);
    size_t whole = sizeof note + padded(note.n_namesz) + padded(note.n_descsz);
    if (whole > size)
      return "";
    const char *name = notes + sizeof note;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
      return {name + 4, note.n_descsz};
    notes += whole;
    size -= whole;
  }
  return "";
}

int visit(dl_phdr_info *object, size_t, void *data) {
  auto &search = *static_cast<Search *>(data);
  bool ours = false;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) &part = object->dlpi_phdr[i];
    ours |= part.p_type == PT_LOAD && search.address - (object->dlpi_addr + part.p_vaddr) < part.p_memsz;
  }
  for (int i = 0; ours && search.id.empty() && i < object->dlpi_phnum; ++i)
    if (const ElfW(Phdr) &part = object->dlpi_phdr[i]; part.p_type == PT_NOTE)
      search.id = idAmong(reinterpret_cast<const char *>(object->dlpi_addr + part.p_vaddr), part.p_memsz);
  return ours;
}
} // namespace

std::string weft::codegen::buildId() {
  Search search{reinterpret_cast<uintptr_t>(&visit), ""};
  dl_iterate_phdr(visit, &search);
  return search.id;
}
