#include "programs/test/last_failed.hpp"

#include "base/json_schema.hpp"
#include "format/format.hpp"

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace threadfault::scenario {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string directory() {
    const char* const cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && *cache == '/') return formatted("{}/threadfault", cache);
    const char* const home = std::getenv("HOME");
    return home != nullptr && *home == '/' ? formatted("{}/.cache/threadfault", home) : "";
}

std::string absolute(const std::string& file) {
    std::error_code error;
    const fs::path path = fs::absolute(file, error);
    return error ? file : path.lexically_normal().string();
}

}  // namespace

LastFailed::LastFailed() {
    const std::string where = directory();
    if (where.empty()) return;
    path_ = where + "/last-failed.json";
    std::ifstream file(path_);
    const json known = json::parse(file, nullptr, false);
    if (!known.is_object() || !known.contains("failed") || !known["failed"].is_object()) return;
    for (const auto& [name, tests] : known["failed"].items()) {
        if (!tests.is_array()) continue;
        for (const json& test : tests) {
            if (test.is_string()) failed_[name].insert(test.get<std::string>());
        }
    }
}

bool LastFailed::has(const Item& item) const {
    const auto file = failed_.find(absolute(item.scenario->file));
    return file != failed_.end() && file->second.contains(item.test->name);
}

void LastFailed::note(const std::vector<TestResult>& results) {
    const auto before = failed_;
    for (const TestResult& result : results) {
        // Of several repetitions, all must pass.
        if (result.passed() && result.repetition == 1) {
            failed_[absolute(result.file)].erase(result.name);
        } else if (result.failure) {
            failed_[absolute(result.file)].insert(result.name);
        }
    }
    std::erase_if(failed_, [](const auto& entry) { return entry.second.empty(); });
    if (failed_ != before) write();
}

// As a whole or not at all: others may do the same.
void LastFailed::write() const {
    if (path_.empty()) return;
    std::error_code ignored;
    fs::create_directories(fs::path(path_).parent_path(), ignored);
    const std::string temporary = formatted("{}.{}", path_, getpid());
    json failed = json::object();
    for (const auto& [file, tests] : failed_)
        failed[file] = tests;
    {
        std::ofstream file(temporary);
        file << json{{"schema", base::kJsonSchema}, {"failed", failed}}.dump(
                    1, ' ', false, json::error_handler_t::replace)
             << '\n';
        if (!file.flush()) {
            fs::remove(temporary, ignored);
            return;
        }
    }
    fs::rename(temporary, path_, ignored);
}

}  // namespace threadfault::scenario
