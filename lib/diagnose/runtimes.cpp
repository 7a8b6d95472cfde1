#include "diagnose/runtimes.hpp"

#include "base/glob.hpp"
#include "observe/memory.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace threadfault::diagnose {
namespace {

// Told by what is in it: it has no file of Go's.
constexpr Runtime kGo = {
    "a Go program", "go",
    "its threads are the runtime's: one that ends takes its goroutine along, and what it held; "
    "the next garbage collection may wait for it for ever. --how vanish on a waiting thread"};

// The first that matches: what embeds another runtime stands before it.
constexpr Runtime kRuntimes[] = {
    {"a JVM",
     "jvm",
     "it does not notice that a thread has ended: where that ran Java code, the next safepoint "
     "(a garbage collection) waits for it for ever. --how vanish on a waiting thread",
     {"libjvm.so"}},
    {".NET",
     "dotnet",
     "it does not notice that a thread has ended: where that ran managed code, the next garbage "
     "collection waits for it for ever. --how vanish on a waiting thread",
     {"libcoreclr.so"}},
    {"Mono",
     "mono",
     "the next garbage collection waits for ever for a thread that has ended, wherever that was: "
     "expect a hang",
     {"mono*", "libmono*.so*"}},
    {"Erlang",
     "erlang",
     "its threads are schedulers: with one that ends goes the process that it ran, and all others "
     "hang when they next wait for it",
     {"beam.smp"}},
    {"Node",
     "node",
     "main does not notice that a worker has ended, and waits for its messages; cancel waits for "
     "a call that a busy worker may never make. --how vanish",
     {"node", "libnode.so*"}},
    {"Ruby",
     "ruby",
     "a thread that ends while it has the VM's lock stops all others; the VM aborts when one is "
     "unwound. --how vanish on a waiting thread",
     {"libruby*.so*"}},
    {"Perl",
     "perl",
     "each thread has an interpreter of its own. --how vanish",
     {"libperl.so*", "perl"}},
    {"CPython",
     "cpython",
     "a thread that ends while it has the interpreter's lock (GIL) stops all others. --how vanish "
     "on a waiting thread",
     {"libpython*.so*", "python[23]*"}},
    {"GHC's runtime",
     "ghc",
     "a thread that ends while it runs Haskell code has the next garbage collection wait for ever. "
     "--how vanish on a waiting thread",
     {"libHSrts*.so*"}},
};

bool is_file_of(const Runtime& runtime, const observe::Mapping& mapping) {
    if (!mapping.executable || mapping.inode == 0) return false;
    const std::string file(observe::file_name(mapping.path));
    return std::any_of(std::begin(runtime.files), std::end(runtime.files), [&](const char* glob) {
        return glob != nullptr && base::glob_match(glob, file.c_str());
    });
}

// What the linker of Go writes at the begin of a program's data (debug/buildinfo).
bool is_go(const observe::Maps& maps, const observe::Memory& memory) {
    constexpr std::string_view kMark = "\xff Go buildinf:";
    constexpr std::size_t kLooked = 64 << 10;
    if (maps.all().empty()) return false;
    const std::string& program = maps.all().front().path;
    for (const observe::Mapping& mapping : maps.all()) {
        if (mapping.path != program || program.empty() || mapping.executable) continue;
        std::string data(std::min<std::size_t>(mapping.end - mapping.begin, kLooked), '\0');
        data.resize(memory.read_some(mapping.begin, data.data(), data.size()));
        if (data.find(kMark) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

const Runtime* runtime_of(const observe::Maps& maps, const observe::Memory& memory) {
    for (const Runtime& runtime : kRuntimes) {
        const bool mapped = std::any_of(
            maps.all().begin(), maps.all().end(),
            [&](const observe::Mapping& mapping) { return is_file_of(runtime, mapping); });
        if (mapped) return &runtime;
    }
    return is_go(maps, memory) ? &kGo : nullptr;
}

}  // namespace threadfault::diagnose
