// In the place of libdw's client for debuginfod servers, which would be loaded at run time: what is
// not on this machine is not fetched from another one, and a static program loads nothing. The
// three functions are all that the rest of libdw asks of it (elfutils,
// libdwfl/debuginfod-client.c).
#include <cstddef>

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the library's own names
extern "C" {

struct Dwfl;

int __libdwfl_debuginfod_find_executable(Dwfl*, const unsigned char*, std::size_t) {
    return -1;
}

int __libdwfl_debuginfod_find_debuginfo(Dwfl*, const unsigned char*, std::size_t) {
    return -1;
}

void __libdwfl_debuginfod_end(void*) {}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
