// Which language's runtime a process runs in, by the files that it has mapped.
#include "diagnose/runtimes.hpp"

#include "observe/memory.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace threadfault::diagnose {
namespace {

std::string_view name_for(std::initializer_list<const char*> files) {
    std::vector<observe::Mapping> mappings;
    for (const char* file : files) {
        observe::Mapping& mapping = mappings.emplace_back();
        mapping.readable = mapping.executable = true;
        mapping.inode = 1;
        mapping.path = file;
    }
    const Runtime* const runtime =
        runtime_of(observe::Maps(std::move(mappings)), observe::Memory(getpid()));
    return runtime == nullptr ? "" : runtime->name;
}

TEST(Runtimes, AreToldByTheirFiles) {
    const struct {
        std::initializer_list<const char*> files;
        const char* name;
    } cases[] = {
        {{"/usr/lib/jvm/java-17/bin/java", "/usr/lib/jvm/java-17/lib/server/libjvm.so"}, "a JVM"},
        {{"/usr/bin/dotnet", "/usr/share/dotnet/shared/6.0/libcoreclr.so"}, ".NET"},
        {{"/usr/bin/mono-sgen"}, "Mono"},
        {{"/usr/bin/python3.11"}, "CPython"},
        {{"/usr/bin/server", "/usr/lib/libpython3.13.so.1.0"}, "CPython"},
        {{"/usr/bin/node"}, "Node"},
        {{"/usr/bin/ruby3.1", "/usr/lib/libruby-3.1.so.3.1"}, "Ruby"},
        {{"/usr/bin/perl"}, "Perl"},
        {{"/usr/lib/erlang/erts-13/bin/beam.smp"}, "Erlang"},
        {{"/opt/app", "/usr/lib/ghc/libHSrts_thr-ghc9.0.2.so"}, "GHC's runtime"},
        // What embeds an interpreter is told by what it was written for.
        {{"/usr/bin/java", "/usr/lib/libpython3.11.so.1.0", "/usr/lib/libjvm.so"}, "a JVM"},
        {{"/usr/bin/memcached", "/usr/lib/libc.so.6"}, ""},
        {{"/usr/bin/nodelist", "/usr/bin/perlite"}, ""},
        {{}, ""},
    };
    for (const auto& one : cases)
        EXPECT_EQ(name_for(one.files), one.name);
}

TEST(Runtimes, DataAloneTellsOfNone) {
    observe::Mapping mapping;
    mapping.readable = true;
    mapping.inode = 1;
    mapping.path = "/usr/lib/locale/python3";
    EXPECT_EQ(runtime_of(observe::Maps({mapping}), observe::Memory(getpid())), nullptr);
}

}  // namespace
}  // namespace threadfault::diagnose
