#include "support/record.hpp"

#include "support/cli.hpp"

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>

namespace threadfault::test {

void record_json(const std::vector<std::string>& argv, const std::string& out,
                 const std::string& err) {
    static std::atomic<int> count{0};
    const auto own_end = std::find(argv.begin(), argv.end(), "--");
    if (argv.empty() || argv.front() != command_path() ||
        std::find(argv.begin(), own_end, "--json") == own_end ||
        access(THREADFAULT_JSON_DIRECTORY, W_OK) != 0) {
        return;
    }
    const nlohmann::json record = {
        {"arguments", std::vector<std::string>(argv.begin() + 1, argv.end())},
        {"out", out},
        {"err", err}};
    // Tests run at the same time, and one program after another.
    std::string file = THREADFAULT_JSON_DIRECTORY "/" + std::to_string(getpid()) + "-" +
                       std::to_string(count++) + "-XXXXXX";
    const int fd = mkstemp(file.data());
    if (fd < 0) return;
    close(fd);
    std::ofstream(file) << record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace threadfault::test
