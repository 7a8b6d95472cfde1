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

// Of {"failed": {"FILE": ["TEST", …]}, …}; what is otherwise is left out.
std::map<std::string, std::set<std::string>> names_in(const json& known, const char* key) {
    std::map<std::string, std::set<std::string>> found;
    if (!known.is_object() || !known.contains(key) || !known[key].is_object()) return found;
    for (const auto& [name, values] : known[key].items()) {
        if (!values.is_array()) continue;
        for (const json& value : values) {
            if (value.is_string()) found[name].insert(value.get<std::string>());
        }
    }
    return found;
}

std::string working_directory() {
    std::error_code error;
    const fs::path path = fs::current_path(error);
    return error ? "" : path.string();
}

bool lies_in(const std::string& file, const std::string& directory) {
    if (directory.empty()) return false;
    return file.starts_with(directory == "/" ? directory : directory + "/");
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
    read();
}

void LastFailed::read() {
    std::ifstream file(path_);
    const json known = json::parse(file, nullptr, false);
    failed_ = names_in(known, "failed");
    run_from_ = names_in(known, "run_from");
}

bool LastFailed::has(const Item& item) const {
    const auto file = failed_.find(absolute(item.scenario->file));
    return file != failed_.end() && file->second.contains(item.test->name);
}

std::vector<std::string> LastFailed::files_here() const {
    const std::string here = working_directory();
    const auto run_here = run_from_.find(here);
    std::vector<std::string> files;
    for (const auto& [file, tests] : failed_) {
        std::error_code ignored;
        if (!fs::exists(file, ignored)) continue;
        if (lies_in(file, here)) {
            files.push_back(file.substr(here == "/" ? 1 : here.size() + 1));
        } else if (run_here != run_from_.end() && run_here->second.contains(file)) {
            files.push_back(file);
        }
    }
    return files;
}

void LastFailed::note(const std::vector<TestResult>& results) {
    if (path_.empty()) return;
    // Others may have noted theirs since.
    read();
    const Names failed_before = failed_;
    const Names run_from_before = run_from_;
    const std::string here = working_directory();
    for (const TestResult& result : results) {
        // Of several repetitions, all must pass.
        if (result.passed() && result.repetition == 1) {
            failed_[absolute(result.file)].erase(result.name);
        } else if (result.failure) {
            failed_[absolute(result.file)].insert(result.name);
            if (!here.empty()) run_from_[here].insert(absolute(result.file));
        }
    }
    std::erase_if(failed_, [](const auto& entry) { return entry.second.empty(); });
    for (auto& [directory, files] : run_from_)
        std::erase_if(files, [&](const std::string& file) { return !failed_.contains(file); });
    std::erase_if(run_from_, [](const auto& entry) { return entry.second.empty(); });
    if (failed_ != failed_before || run_from_ != run_from_before) write();
}

// As a whole or not at all: others may do the same.
void LastFailed::write() const {
    if (path_.empty()) return;
    std::error_code ignored;
    fs::create_directories(fs::path(path_).parent_path(), ignored);
    const std::string temporary = formatted("{}.{}", path_, getpid());
    // Not json{…} of a map: it would be an array of pairs.
    json known = json::object();
    known["schema"] = base::kJsonSchema;
    known["failed"] = json(failed_);
    known["run_from"] = json(run_from_);
    {
        std::ofstream file(temporary);
        file << known.dump(1, ' ', false, json::error_handler_t::replace) << '\n';
        if (!file.flush()) {
            fs::remove(temporary, ignored);
            return;
        }
    }
    fs::rename(temporary, path_, ignored);
}

}  // namespace threadfault::scenario
