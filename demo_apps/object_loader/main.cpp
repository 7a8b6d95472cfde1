// An object manager whose loaders can be lost, and whose hooks can wait for themselves.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "manager.hpp"

namespace {

using namespace object_loader;

struct SampleFiles {
    std::string directory;
    Id count;
    bool made_directory;

    explicit SampleFiles(const Options& options)
        : directory(options.directory), count(options.workload), made_directory(directory.empty()) {
        if (made_directory) {
            directory = (std::filesystem::temp_directory_path() / "object_loader.XXXXXX").string();
            if (mkdtemp(directory.data()) == nullptr)
                throw std::system_error(errno, std::generic_category(), directory);
        }
        write_sample(directory, count);
    }
    SampleFiles(const SampleFiles&) = delete;
    SampleFiles& operator=(const SampleFiles&) = delete;
    ~SampleFiles() {
        for (Id id = 0; id < count; ++id)
            unlink(file_of(directory, id).c_str());
        if (made_directory) rmdir(directory.c_str());
    }
};

// Asks for a share of the objects, and checks what it gets.
void run_client(ObjectManager& manager, const Options& options, unsigned number,
                std::atomic<Id>& right) {
    pthread_setname_np(pthread_self(), "client");
    for (Id id = number; id < options.workload; id += options.clients)
        manager.load_async(id);
    for (Id id = number; id < options.workload; id += options.clients) {
        const Object* object = manager.load_sync(id);
        if (object != nullptr && is_sample(*object, id, options.workload)) ++right;
    }
}

bool run_workload(const Options& options, Strategy strategy) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::atomic<unsigned>> hooks(options.workload);
    const auto hook = [&](ObjectManager& manager, const Object& object) {
        for (const Id need : object.needs) {
            if (options.hooks == Hooks::async) manager.load_async(need);
            if (options.hooks == Hooks::sync) manager.load_sync(need);
        }
        ++hooks[object.id];
    };
    std::atomic<Id> right{0};
    ObjectManager manager(options, strategy, options.workload, hook);
    std::vector<std::thread> clients;
    for (unsigned i = 0; i < options.clients; ++i)
        clients.emplace_back([&, i] { run_client(manager, options, i, right); });
    for (std::thread& client : clients)
        client.join();

    const bool all_hooks =
        std::all_of(hooks.begin(), hooks.end(), [](const auto& runs) { return runs > 0; });
    const bool correct = right == options.workload && all_hooks;
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    std::printf("%-12s %8u %10u %10u %8.2f s   %s\n", name_of(strategy), right.load(),
                manager.loaders().created(), manager.loaders().peak(), time.count(),
                correct ? "all right" : "OBJECTS OR HOOKS ARE MISSING");
    if (manager.loaders_lost() > 0)
        std::printf("loaders lost and replaced: %u, with the table's lock: %u\n",
                    manager.loaders_lost(), manager.locks_inherited());
    return correct;
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Options options = parse_options(argc, argv);
    try {
        const SampleFiles files(options);
        options.directory = files.directory;
        bool correct = true;
        std::printf("%-12s %8s %10s %10s %10s\n", "strategy", "loads", "threads", "at a time",
                    "time");
        for (const Strategy strategy : options.strategies)
            correct = run_workload(options, strategy) && correct;
        return correct ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "object_loader: %s\n", error.what());
        return 1;
    }
}
