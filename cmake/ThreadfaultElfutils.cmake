# libelf and libdw (elfutils), libunwind and what they need, as two interface targets:
#   threadfault_elf     reads ELF files; threadfault_observe uses it
#   threadfault_unwind  unwinds and names; threadfault_diagnose uses it
# The archives, where this system's link into a static program: static ones start in half the time. Not
# every distribution's do (Debian 13's libelf.a lacks functions that it calls), so it is tried:
# THREADFAULT_STATIC_ELF and THREADFAULT_STATIC_UNWIND tell. Otherwise the shared ones.
include(CheckSourceCompiles)

# Full paths, because find_package and -l would prefer the shared ones.
function(THREADFAULT_FIND_LIBRARIES result kind)
  set(found "")
  foreach(library IN LISTS ARGN)
    string(TOUPPER "THREADFAULT_${kind}_${library}" variable)
    find_library(${variable} NAMES lib${library}.${kind})
    mark_as_advanced(${variable})
    if(${variable})
      list(APPEND found "${${variable}}")
    elseif(kind STREQUAL "so")
      message(FATAL_ERROR "lib${library}.so not found: scripts/install-deps installs it")
    else()
      set(found "")
      break()
    endif()
  endforeach()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# Does a static program with these archives link? (elfutils 0.196's have a crc32 of their own, which
# zlib's clashes with where both are taken.)
function(THREADFAULT_CHECK_STATIC variable includes archives source)
  if(NOT archives OR THREADFAULT_SANITIZE)
    # Sanitizers' runtimes are shared.
    set(${variable} OFF PARENT_SCOPE)
    return()
  endif()
  set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
  set(CMAKE_REQUIRED_INCLUDES ${includes})
  set(CMAKE_REQUIRED_LIBRARIES ${archives})
  set(CMAKE_REQUIRED_LINK_OPTIONS -static)
  check_source_compiles(CXX "${source}" ${variable})
  set(${variable} "${${variable}}" PARENT_SCOPE)
endfunction()

# Does a program with this archive link? (Not a static one.)
function(THREADFAULT_CHECK_ARCHIVE variable includes archive source)
  if(NOT archive)
    set(${variable} OFF PARENT_SCOPE)
    return()
  endif()
  set(CMAKE_REQUIRED_INCLUDES ${includes})
  set(CMAKE_REQUIRED_LIBRARIES ${archive})
  check_source_compiles(CXX "${source}" ${variable})
  set(${variable} "${${variable}}" PARENT_SCOPE)
endfunction()

# For programs that are started for each command: static where their libraries can be, and without
# libstdc++.so in any case, whose relocations are most of a dynamic program's start.
function(THREADFAULT_LINK_SMALL target static)
  if(THREADFAULT_SANITIZE)
    return()
  endif()
  # Pages that are not touched cost nothing, but what is touched should lie close together.
  target_link_options(${target} PRIVATE LINKER:--gc-sections,-z,noseparate-code)
  if(static)
    target_link_options(${target} PRIVATE -static)
  else()
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc LINKER:--as-needed)
  endif()
endfunction()

# For programs that are not static and yet run on other distributions: without libstdc++.so, whose version
# they would ask for. libgcc_s.so stays: its archive asks for the newest libc that it knows.
function(THREADFAULT_LINK_PORTABLE target)
  if(NOT THREADFAULT_SANITIZE)
    target_link_options(${target} PRIVATE -static-libstdc++ LINKER:--gc-sections,--as-needed)
  endif()
endfunction()

foreach(header IN ITEMS gelf.h elfutils/libdwfl.h libunwind-${THREADFAULT_ARCH}.h)
  string(MAKE_C_IDENTIFIER "THREADFAULT_DIRECTORY_OF_${header}" variable)
  find_path(${variable} NAMES ${header})
  mark_as_advanced(${variable})
  if(NOT ${variable})
    message(FATAL_ERROR "${header} not found: scripts/install-deps installs it")
  endif()
endforeach()

# Newer ones compress with zstd, too.
find_library(THREADFAULT_A_ZSTD NAMES libzstd.a)
mark_as_advanced(THREADFAULT_A_ZSTD)
set(zstd "")
if(THREADFAULT_A_ZSTD)
  set(zstd "${THREADFAULT_A_ZSTD}")
endif()
threadfault_find_libraries(archives a elf z)
if(archives)
  list(APPEND archives ${zstd})
endif()
threadfault_check_static(THREADFAULT_STATIC_ELF "${THREADFAULT_DIRECTORY_OF_gelf_h}" "${archives}" "
#include <gelf.h>
#include <zlib.h>
int main() {
    Elf* const elf = elf_version(EV_CURRENT) != EV_NONE ? elf_begin(0, ELF_C_READ, nullptr) : nullptr;
    return elf != nullptr && elf_compress(elf_getscn(elf, 0), 0, 0) == 0 && crc32_z(0, nullptr, 0) == 0 ? 0 : 1;
}")
if(NOT THREADFAULT_STATIC_ELF AND NOT THREADFAULT_SANITIZE)
  message(STATUS "This system's libelf.a can't be linked: the command is a dynamic program")
endif()
# The sanitized libraries keep the archive: only the program around them is dynamic.
if(THREADFAULT_STATIC_ELF OR (THREADFAULT_SANITIZE AND archives))
  set(libraries ${archives})
else()
  threadfault_find_libraries(libraries so elf z)
endif()
add_library(threadfault_elf INTERFACE)
target_link_libraries(threadfault_elf INTERFACE ${libraries})
target_include_directories(threadfault_elf SYSTEM INTERFACE "${THREADFAULT_DIRECTORY_OF_gelf_h}")

if(NOT THREADFAULT_BUILD_CLI)
  return()
endif()
# gcc's unwinder first: libunwind brings functions of the same names, and ours throws exceptions.
threadfault_find_libraries(archives a dw elf unwind-${THREADFAULT_ARCH} unwind z lzma bz2)
if(NOT THREADFAULT_STATIC_ELF)
  set(archives "")
endif()
if(archives)
  list(APPEND archives ${zstd})
endif()
threadfault_check_static(THREADFAULT_STATIC_UNWIND
  "${THREADFAULT_DIRECTORY_OF_elfutils_libdwfl_h};${THREADFAULT_DIRECTORY_OF_libunwind_${THREADFAULT_ARCH}_h}"
  "gcc_eh;${archives}" "
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <libunwind-${THREADFAULT_ARCH}.h>
#include <zlib.h>
int main() {
    static unw_accessors_t calls;
    static const Dwfl_Callbacks callbacks = {nullptr, dwfl_standard_find_debuginfo, nullptr, nullptr};
    Dwarf_Addr bias = 0;
    Dwfl_Module* const module = dwfl_addrmodule(dwfl_begin(&callbacks), 0);
    Dwarf_Die* const unit = dwfl_module_addrdie(module, 0, &bias);
    unw_cursor_t cursor;
    return unit != nullptr && dwfl_module_getelf(module, &bias) != nullptr &&
                   dwarf_getsrc_die(unit, 0) != nullptr && crc32_z(0, nullptr, 0) == 0 &&
                   unw_init_remote(&cursor, unw_create_addr_space(&calls, 0), nullptr) == 0 ? 0 : 1;
}")
add_library(threadfault_unwind INTERFACE)
target_include_directories(threadfault_unwind SYSTEM INTERFACE
  "${THREADFAULT_DIRECTORY_OF_elfutils_libdwfl_h}" "${THREADFAULT_DIRECTORY_OF_libunwind_${THREADFAULT_ARCH}_h}")
if(THREADFAULT_STATIC_UNWIND)
  target_link_libraries(threadfault_unwind INTERFACE gcc_eh ${archives})
  # Debian's libunwind archives are not made for position-independent programs.
  # (Of a static program clang says that the option has no effect.)
  target_link_options(threadfault_unwind INTERFACE
    -no-pie $<$<CXX_COMPILER_ID:Clang>:-Wno-unused-command-line-argument>)
else()
  threadfault_find_libraries(libraries so dw elf unwind-${THREADFAULT_ARCH} unwind)
  target_link_libraries(threadfault_unwind INTERFACE gcc_s ${libraries})
endif()
