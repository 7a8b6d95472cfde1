#include "questions.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace thread_killer {
namespace {

using threadfault::execute_on_thread;
using threadfault::ExecuteResult;

constexpr std::chrono::seconds kPatience{10};

// The answer is shared with the function: after not_finished it may still write, when the asker's
// frame has long gone.
template <typename Value, typename Function>
Answer<Value> ask(pid_t tid, Function function) {
    auto value = std::make_shared<Value>();
    const ExecuteResult result = execute_on_thread(
        tid, [value, function] { function(*value); }, kPatience);
    Answer<Value> answer;
    answer.result = result;
    if (result == ExecuteResult::done) answer.value = *value;
    return answer;
}

std::string hex(std::uintptr_t number) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "0x%lx", static_cast<unsigned long>(number));
    return text.data();
}

std::string symbol_of(const char* mangled) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> plain(
        abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
    return status == 0 ? plain.get() : mangled;
}

void* leave_at_once(void*) {
    pthread_exit(nullptr);
}

}  // namespace

void prepare_questions() {
    Trace trace;
    trace.depth = backtrace(trace.frames.data(), static_cast<int>(trace.frames.size()));
    pthread_t first{};
    if (pthread_create(&first, nullptr, leave_at_once, nullptr) == 0) pthread_join(first, nullptr);
}

std::vector<pid_t> tids() {
    std::vector<pid_t> found;
    // A thread may end while the directory is read: its entry is then left out.
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error)) {
        const std::string name = entry.path().filename();
        pid_t tid = 0;
        std::from_chars(name.data(), name.data() + name.size(), tid);
        if (tid > 0) found.push_back(tid);
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string thread_name(pid_t tid) {
    std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/comm");
    std::string name;
    std::getline(file, name);
    return name;
}

bool exists(pid_t tid) {
    return tid > 0 && syscall(SYS_tgkill, getpid(), tid, 0) == 0;
}

void let_it_sleep(pid_t tid) {
    const std::string path = "/proc/self/task/" + std::to_string(tid) + "/stat";
    for (int tries = 0; tries < 200; ++tries) {
        std::ifstream file(path);
        std::string text;
        if (!std::getline(file, text)) return;
        const std::size_t name_end = text.rfind(')');
        if (name_end != std::string::npos && text.compare(name_end, 3, ") S") == 0) return;
        usleep(1000);
    }
}

Answer<pthread_t> pthread_of(pid_t tid) {
    return ask<pthread_t>(tid, [](pthread_t& self) { self = pthread_self(); });
}

Answer<rusage> usage_of(pid_t tid) {
    return ask<rusage>(tid, [](rusage& usage) { getrusage(RUSAGE_THREAD, &usage); });
}

Answer<Trace> trace_of(pid_t tid) {
    // backtrace() was called once already (prepare_questions), so that it neither allocates nor
    // takes the loader's lock here.
    return ask<Trace>(tid, [](Trace& trace) {
        trace.depth = backtrace(trace.frames.data(), static_cast<int>(trace.frames.size()));
    });
}

ExecuteResult exit_on(pid_t tid) {
    return execute_on_thread(
        tid, [] { pthread_exit(nullptr); }, kPatience);
}

std::map<pid_t, pthread_t> map_threads() {
    std::map<pid_t, pthread_t> threads;
    for (const pid_t tid : tids()) {
        const Answer<pthread_t> self = pthread_of(tid);
        if (self.ok()) threads.emplace(tid, self.value);
    }
    return threads;
}

std::vector<std::string> describe(const Trace& trace) {
    std::vector<std::string> lines;
    for (int frame = 0; frame < trace.depth; ++frame) {
        void* const address = trace.frames.at(static_cast<std::size_t>(frame));
        std::string line = hex(reinterpret_cast<std::uintptr_t>(address));
        Dl_info info{};
        if (dladdr(address, &info) != 0) {
            if (info.dli_sname != nullptr) line += "  " + symbol_of(info.dli_sname);
            const std::string module = info.dli_fname == nullptr ? "?" : info.dli_fname;
            line += "  (" + module.substr(module.rfind('/') + 1) + ")";
        }
        lines.push_back(line);
    }
    return lines;
}

}  // namespace thread_killer
